#include "modules/linear.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

namespace gptorch {

namespace {

/// `input` (…, in) as a matrix and back.
template <typename Multiply>
at::Tensor onRows(const at::Tensor& input, int64_t outFeatures, Multiply multiply) {
  std::vector<int64_t> shape = input.sizes().vec();
  const at::Tensor rows = input.reshape({-1, shape.back()});  // (rows, in)
  shape.back() = outFeatures;
  return multiply(rows).view(shape);  // (…, out)
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

at::Tensor Linear::forward(const at::Tensor& input) const { return at::linear(input, weight_, bias_); }

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

at::Tensor Conv1D::forward(const at::Tensor& input) const {
  return onRows(input, weight_.size(1), [this](const at::Tensor& rows) {
    return bias_.defined() ? at::addmm(bias_, rows, weight_) : at::mm(rows, weight_);
  });
}

}  // namespace gptorch
