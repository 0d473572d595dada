#include "modules/causal_self_attention.h"

#include <algorithm>

#include "ops/causal_attention/causal_attention.h"

namespace gptorch {

CausalSelfAttention::Config CausalSelfAttention::Config::from(const Options& options) {
  return {options.size("width"),
          options.size("heads"),
          options.size("headWidth"),
          options.boolean("bias"),
          options.dropout("attentionDropout"),
          options.dropout("residualDropout"),
          options.optionalSize("attentionWindow")};
}

CausalSelfAttention::CausalSelfAttention(const Config& config) : config_(config), torchAttention_(config.window) {
  const int64_t inner = config.innerWidth();
  input_ = register_module("c_attn", std::make_shared<Conv1D>(Conv1D::Config{config.width, 3 * inner, config.bias}));
  output_ = register_module("c_proj", std::make_shared<Conv1D>(Conv1D::Config{inner, config.width, config.bias}));
}

ParameterSpecs CausalSelfAttention::specs(const Config& config) {
  const int64_t inner = config.innerWidth();
  return joined({prefixed("c_attn", Conv1D::specs({config.width, 3 * inner, config.bias})),
                 prefixed("c_proj", Conv1D::specs({inner, config.width, config.bias}))});
}

void CausalSelfAttention::planCache(const Config& config, const Arguments& arguments, size_t first, ForwardMode& mode,
                                    Plan& plan) {
  if (arguments.isMissing(first)) return;
  mode.keys = arguments.tensor(first, "keys");
  mode.values = arguments.tensor(first + 1, "values");
  mode.position = arguments.integer(first + 2, "position");
  const Shape& input = plan.inputs[0]->meta.shape;
  const Shape& cache = mode.keys->meta.shape;
  const bool fits = cache.size() == 4 && cache[0] == input[0] && cache[1] == config.heads &&
                    cache[3] == config.headWidth && mode.keys->meta == mode.values->meta &&
                    mode.keys->meta.dtype == at::kFloat;
  if (!fits) {
    arguments.fail("caches " + toString(mode.keys->meta) + " and " + toString(mode.values->meta) +
                   " do not fit; float32 (B, " + std::to_string(config.heads) + ", capacity, " +
                   std::to_string(config.headWidth) + ") with B = " + std::to_string(input[0]) + " do");
  }
  if (mode.position < 0 || mode.position + input[1] > cache[2]) {
    arguments.fail("position " + std::to_string(mode.position) + " and " + std::to_string(input[1]) +
                   " tokens pass the cache's capacity of " + std::to_string(cache[2]));
  }
  plan.writes = {mode.keys, mode.values};
  // The cache is changed in place; a gradient through it would be wrong.
  plan.differentiable = false;
}

Plan CausalSelfAttention::plan(const Config& config, const Arguments& arguments,
                               std::function<CausalSelfAttention&()> module) {
  Plan plan;
  plan.inputs = {requireWidth(arguments, 0, config.width, 3)};
  plan.outputs = {plan.inputs[0]->meta};
  ForwardMode mode = ForwardMode::from(arguments, 1);
  planCache(config, arguments, 3, mode, plan);
  plan.run = [module, mode](const Values& v) { return Values{module().forward(v[0], mode).to(at::kFloat)}; };
  return plan;
}

at::Tensor CausalSelfAttention::forward(const at::Tensor& input, const ForwardMode& mode) {
  const at::Tensor output = output_->forward(attend(input_->forward(input), mode));  // (B, T, width)
  if (!mode.training || config_.residualDropout == 0) return output;
  return mode.key.at(1).drop(output, config_.residualDropout);
}

at::Tensor CausalSelfAttention::attend(const at::Tensor& projection, const ForwardMode& mode) {
  const double dropout = mode.training ? config_.attentionDropout : 0;
  if (projection.is_cpu() && !mode.keys) {
    const std::optional<at::Tensor> key = dropout > 0 ? std::optional(mode.key.words()) : std::nullopt;
    return ops::causalAttention(projection, config_.heads, config_.window, dropout, key, mode.key.draw());
  }
  const int64_t batch = projection.size(0), length = projection.size(1);
  const auto heads = [&](const at::Tensor& t) {
    return t.view({batch, length, config_.heads, config_.headWidth}).transpose(1, 2);
  };
  const auto parts = projection.split(config_.innerWidth(), -1);  // 3 × (B, T, inner)
  const at::Tensor query = heads(parts[0]);                       // (B, heads, T, headWidth)
  at::Tensor key = heads(parts[1]), value = heads(parts[2]);
  if (mode.keys) {
    mode.keys->value.narrow(2, mode.position, length).copy_(key);
    mode.values->value.narrow(2, mode.position, length).copy_(value);
    // Of the past only what the window of the first query reaches.
    const int64_t first = config_.window ? std::max<int64_t>(0, mode.position + 1 - *config_.window) : 0;
    key = mode.keys->value.narrow(2, first, mode.position + length - first).to(query.scalar_type());
    value = mode.values->value.narrow(2, first, mode.position + length - first).to(query.scalar_type());
  }
  // torch's fused kernels draw from a shared generator; ours is keyed.
  const auto drop = [&](const at::Tensor& weights) { return mode.key.drop(weights, dropout); };
  const at::Tensor mixed = dropout > 0 ? torchAttention_.attend(query, key, value, drop)
                                       : torchAttention_.attend(query, key, value);  // (B, heads, T, headWidth)
  return mixed.transpose(1, 2).reshape({batch, length, config_.innerWidth()});
}

}  // namespace gptorch
