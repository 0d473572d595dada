#include "modules/layer_norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>

namespace gptorch {

LayerNorm::Config LayerNorm::Config::from(const Options& options) {
  const double eps = options.number("eps");
  if (!(eps > 0)) throw ArgumentError(options.owner() + ": eps must be above 0");
  return {options.size("width"), eps};
}

LayerNorm::LayerNorm(const Config& config) : config_(config) {
  weight_ = register_parameter("weight", at::empty({config.width}));
  bias_ = register_parameter("bias", at::empty({config.width}));
}

ParameterSpecs LayerNorm::specs(const Config& config) { return {{"weight", {config.width}}, {"bias", {config.width}}}; }

Plan LayerNorm::plan(const Config& config, const Arguments& arguments, std::function<LayerNorm&()> module) {
  Plan plan;
  plan.inputs = {requireWidth(arguments, 0, config.width, 0)};
  plan.outputs = {plan.inputs[0]->meta};
  plan.run = [module](const Values& v) { return Values{module().forward(v[0])}; };
  return plan;
}

at::Tensor LayerNorm::forward(const at::Tensor& input) const {
  return at::layer_norm(input, {config_.width}, weight_, bias_, config_.eps);
}

}  // namespace gptorch
