#pragma once

#include <torch/nn/module.h>

#include "modules/causal_self_attention.h"
#include "modules/feed_forward.h"
#include "modules/layer_norm.h"

namespace gptorch {

/// One Transformer decoder block without encoder attention.
///
/// Post-norm (GPT-1, Radford et al. 2018):  n = ln_1(x + attn(x));  h = ln_2(n + mlp(n))
/// Pre-norm (GPT-2, Radford et al. 2019):   n = x + attn(ln_1(x));  h = n + mlp(ln_2(n))
class DecoderBlock final : public torch::nn::Module {
 public:
  struct Config {
    LayerNorm::Config norm;
    CausalSelfAttention::Config attention;
    FeedForward::Config feedForward;
    bool preNorm;
    static Config from(const Options& options);
  };

  explicit DecoderBlock(const Config& config);
  static ParameterSpecs specs(const Config& config);
  /// (input (B, T, width), training, key, keys?, values?, position) -> (B, T, width)
  static Plan plan(const Config& config, const Arguments& arguments, std::function<DecoderBlock&()> module);
  at::Tensor forward(const at::Tensor& input, const ForwardMode& mode);

 private:
  bool preNorm_;
  std::shared_ptr<LayerNorm> norm1_, norm2_;
  std::shared_ptr<CausalSelfAttention> attention_;
  std::shared_ptr<FeedForward> feedForward_;
};

}  // namespace gptorch
