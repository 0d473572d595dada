#pragma once

#include <torch/nn/module.h>

#include <string>

#include "modules/activation.h"
#include "modules/linear.h"
#include "modules/module_state.h"

namespace gptorch {

/// The position-wise feed-forward network: c_proj(activation(c_fc(x))), then dropout.
class FeedForward final : public torch::nn::Module {
 public:
  struct Config {
    int64_t width, feedForwardWidth;
    Activation activation;
    bool bias;
    double residualDropout;
    static Config from(const Options& options);
  };
  /// Random draws of one forward pass.
  static constexpr int64_t kDraws = 1;

  explicit FeedForward(const Config& config);
  static ParameterSpecs specs(const Config& config);
  /// (input (…, width), training, key) -> (…, width)
  static Plan plan(const Config& config, const Arguments& arguments, std::function<FeedForward&()> module);
  at::Tensor forward(const at::Tensor& input, const ForwardMode& mode) const;

 private:
  Config config_;
  std::shared_ptr<Conv1D> input_, output_;
};

}  // namespace gptorch
