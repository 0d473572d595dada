#pragma once

#include <torch/nn/module.h>

#include "modules/module_state.h"

namespace gptorch {

/// h[0] = tokens · We + Wp, then dropout (Radford et al. 2018, eq. 2).
/// Parameters `wte.weight` (vocabSize, width) and `wpe.weight` (contextLength, width).
class Embedding final : public torch::nn::Module {
 public:
  struct Config {
    int64_t vocabSize, contextLength, width;
    double dropout;
    static Config from(const Options& options);
  };

  explicit Embedding(const Config& config);
  static ParameterSpecs specs(const Config& config);
  /// (tokens (B, T) int64, training, key, position) -> (B, T, width)
  static Plan plan(const Config& config, const Arguments& arguments, std::function<Embedding&()> module);
  at::Tensor forward(const at::Tensor& tokens, const ForwardMode& mode) const;

 private:
  at::Tensor rowsOf(const at::Tensor& tokens) const;

  Config config_;
  at::Tensor tokens_, positions_;
};

}  // namespace gptorch
