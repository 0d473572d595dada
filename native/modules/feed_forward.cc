#include "modules/feed_forward.h"

namespace gptorch {

namespace {

Activation parseActivation(const Options& options) {
  const std::string name = options.string("activation");
  if (name == "gelu_tanh") return Activation::GeluTanh;
  if (name == "gelu") return Activation::Gelu;
  if (name == "relu") return Activation::Relu;
  throw ArgumentError(options.owner() + ": activation must be gelu_tanh, gelu or relu, not '" + name + "'");
}

}  // namespace

FeedForward::Config FeedForward::Config::from(const Options& options) {
  return {options.size("width"), options.size("feedForwardWidth"), parseActivation(options), options.boolean("bias"),
          options.dropout("residualDropout")};
}

FeedForward::FeedForward(const Config& config) : config_(config) {
  input_ = register_module(
      "c_fc", std::make_shared<Conv1D>(Conv1D::Config{config.width, config.feedForwardWidth, config.bias}));
  output_ = register_module(
      "c_proj", std::make_shared<Conv1D>(Conv1D::Config{config.feedForwardWidth, config.width, config.bias}));
}

ParameterSpecs FeedForward::specs(const Config& config) {
  return joined({prefixed("c_fc", Conv1D::specs({config.width, config.feedForwardWidth, config.bias})),
                 prefixed("c_proj", Conv1D::specs({config.feedForwardWidth, config.width, config.bias}))});
}

Plan FeedForward::plan(const Config& config, const Arguments& arguments, std::function<FeedForward&()> module) {
  Plan plan;
  plan.inputs = {requireWidth(arguments, 0, config.width, 0)};
  plan.outputs = {plan.inputs[0]->meta};
  plan.run = [module, mode = ForwardMode::from(arguments, 1)](const Values& v) {
    return Values{module().forward(v[0], mode).to(at::kFloat)};
  };
  return plan;
}

at::Tensor FeedForward::forward(const at::Tensor& input, const ForwardMode& mode) const {
  const at::Tensor inner = activate(input_->forward(input), config_.activation);  // (…, feedForwardWidth)
  const at::Tensor output = output_->forward(inner);                              // (…, width)
  if (!mode.training || config_.residualDropout == 0) return output;
  return mode.key.drop(output, config_.residualDropout);
}

}  // namespace gptorch
