#pragma once

#include <torch/nn/module.h>

#include <optional>

#include "modules/linear.h"
#include "modules/module_state.h"
#include "modules/torch_attention.h"

namespace gptorch {

/// Masked multi-head self-attention (Vaswani et al. 2017; Radford et al. 2018): position t attends to positions
/// t-k+1 … t, k being the window, or to all up to t. Scores are scaled by 1/sqrt(headWidth).
/// Parameters `c_attn` (width → 3 · heads · headWidth) and `c_proj` back.
class CausalSelfAttention final : public torch::nn::Module {
 public:
  struct Config {
    int64_t width, heads, headWidth;
    bool bias;
    double attentionDropout, residualDropout;
    std::optional<int64_t> window;
    static Config from(const Options& options);
    int64_t innerWidth() const { return heads * headWidth; }
  };
  /// Random draws of one forward pass: attention, residual.
  static constexpr int64_t kDraws = 2;

  explicit CausalSelfAttention(const Config& config);
  static ParameterSpecs specs(const Config& config);
  /// (input (B, T, width), training, key, keys?, values?, position) -> (B, T, width)
  static Plan plan(const Config& config, const Arguments& arguments, std::function<CausalSelfAttention&()> module);
  at::Tensor forward(const at::Tensor& input, const ForwardMode& mode);

  /// Reads and checks (keys?, values?, position) from `first` on, and adds them to the plan.
  static void planCache(const Config& config, const Arguments& arguments, size_t first, ForwardMode& mode, Plan& plan);

 private:
  /// (B, T, 3 · inner) -> (B, T, inner)
  at::Tensor attend(const at::Tensor& projection, const ForwardMode& mode);

  Config config_;
  std::shared_ptr<Conv1D> input_, output_;
  TorchAttention torchAttention_;
};

}  // namespace gptorch
