#pragma once

#include <torch/nn/module.h>

#include "modules/module_state.h"

namespace gptorch {

/// Layer normalisation over the last dimension (Ba et al. 2016): (x - mean) / sqrt(var + eps) · weight + bias.
class LayerNorm final : public torch::nn::Module {
 public:
  struct Config {
    int64_t width;
    double eps;
    static Config from(const Options& options);
  };

  explicit LayerNorm(const Config& config);
  static ParameterSpecs specs(const Config& config);
  static Plan plan(const Config& config, const Arguments& arguments, std::function<LayerNorm&()> module);
  at::Tensor forward(const at::Tensor& input) const;

 private:
  Config config_;
  at::Tensor weight_, bias_;
};

}  // namespace gptorch
