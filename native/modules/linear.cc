#include "modules/linear.h"

#include <ATen/ops/empty.h>

#include "ops/matrix_product/matrix_product.h"

namespace gptorch {

namespace {

/// input (…, in) · weight (in, out) + bias -> (…, out)
at::Tensor multiply(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  std::vector<int64_t> shape = input.sizes().vec();
  const at::Tensor rows = input.reshape({-1, shape.back()});  // (rows, in)
  shape.back() = weight.size(1);
  const std::optional<at::Tensor> optionalBias = bias.defined() ? std::optional(bias) : std::nullopt;
  return ops::matrixProduct(rows, weight, optionalBias).view(shape);  // (…, out)
}

}  // namespace

Linear::Config Linear::Config::from(const Options& options) {
  return {options.size("inFeatures"), options.size("outFeatures"), options.boolean("bias")};
}

Linear::Linear(const Config& config) {
  for (const ParameterSpec& spec : specs(config)) {
    (spec.name == "weight" ? weight_ : bias_) = register_parameter(spec.name, at::empty(spec.shape));
  }
}

ParameterSpecs Linear::specs(const Config& config) {
  ParameterSpecs specs = {{"weight", {config.outFeatures, config.inFeatures}}};
  if (config.bias) specs.push_back({"bias", {config.outFeatures}});
  return specs;
}

Plan Linear::plan(const Config& config, const Arguments& arguments, std::function<Linear&()> module) {
  Plan plan;
  plan.inputs = {requireWidth(arguments, 0, config.inFeatures, 0)};
  plan.outputs = {plan.inputs[0]->meta};
  plan.outputs[0].shape.back() = config.outFeatures;
  plan.run = [module](const Values& v) { return Values{module().forward(v[0]).to(at::kFloat)}; };
  return plan;
}

at::Tensor Linear::forward(const at::Tensor& input) const { return multiply(input, weight_.t(), bias_); }

Conv1D::Conv1D(const Config& config) {
  for (const ParameterSpec& spec : specs(config)) {
    (spec.name == "weight" ? weight_ : bias_) = register_parameter(spec.name, at::empty(spec.shape));
  }
}

ParameterSpecs Conv1D::specs(const Config& config) {
  ParameterSpecs specs = {{"weight", {config.inFeatures, config.outFeatures}}};
  if (config.bias) specs.push_back({"bias", {config.outFeatures}});
  return specs;
}

at::Tensor Conv1D::forward(const at::Tensor& input) const { return multiply(input, weight_, bias_); }

}  // namespace gptorch
