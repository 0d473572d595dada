#pragma once

#include <torch/nn/module.h>

#include "modules/module_state.h"

namespace gptorch {

/// y = x · weightᵀ + bias, weight (outFeatures, inFeatures) as in torch.nn.Linear: task heads, untied output.
class Linear final : public torch::nn::Module {
 public:
  struct Config {
    int64_t inFeatures, outFeatures;
    bool bias;
    static Config from(const Options& options);
  };

  explicit Linear(const Config& config);
  static ParameterSpecs specs(const Config& config);
  static Plan plan(const Config& config, const Arguments& arguments, std::function<Linear&()> module);
  at::Tensor forward(const at::Tensor& input) const;

 private:
  at::Tensor weight_, bias_;
};

/// y = x · weight + bias, weight (inFeatures, outFeatures): the layout of the released GPT weights, which
/// Hugging Face keeps as Conv1D.
class Conv1D final : public torch::nn::Module {
 public:
  using Config = Linear::Config;

  explicit Conv1D(const Config& config);
  static ParameterSpecs specs(const Config& config);
  at::Tensor forward(const at::Tensor& input) const;

 private:
  at::Tensor weight_, bias_;
};

}  // namespace gptorch
