#include "modules/causal_self_attention.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

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

CausalSelfAttention::CausalSelfAttention(const Config& config) : config_(config) {
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
  const int64_t batch = input.size(0), length = input.size(1);
  const auto heads = [&](const at::Tensor& t) {
    return t.view({batch, length, config_.heads, config_.headWidth}).transpose(1, 2);
  };
  const auto parts = input_->forward(input).split(config_.innerWidth(), -1);  // 3 × (B, T, inner)
  const at::Tensor query = heads(parts[0]);                                   // (B, heads, T, headWidth)
  at::Tensor key = heads(parts[1]), value = heads(parts[2]);
  if (mode.keys) {
    mode.keys->value.narrow(2, mode.position, length).copy_(key);
    mode.values->value.narrow(2, mode.position, length).copy_(value);
    // Of the past only what the window of the first query reaches.
    const int64_t first = config_.window ? std::max<int64_t>(0, mode.position + 1 - *config_.window) : 0;
    key = mode.keys->value.narrow(2, first, mode.position + length - first).to(query.scalar_type());
    value = mode.values->value.narrow(2, first, mode.position + length - first).to(query.scalar_type());
  }
  const at::Tensor mixed = attend(query, key, value, mode);  // (B, heads, T, headWidth)
  const at::Tensor joined = mixed.transpose(1, 2).reshape({batch, length, config_.innerWidth()});
  const at::Tensor output = output_->forward(joined);  // (B, T, width)
  if (!mode.training || config_.residualDropout == 0) return output;
  return mode.key.at(1).drop(output, config_.residualDropout);
}

at::Tensor CausalSelfAttention::attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                                       const ForwardMode& mode) {
  const int64_t queries = query.size(2), keys = key.size(2);
  const bool drops = mode.training && config_.attentionDropout > 0;
  if (!drops) {
    // torch aligns is_causal to the top left, so it fits only where queries and keys are the same tokens.
    const bool windowed = config_.window && *config_.window < keys;
    const bool plain = !windowed && (queries == keys || queries == 1);
    if (plain) return at::scaled_dot_product_attention(query, key, value, {}, 0.0, queries > 1);
    return at::scaled_dot_product_attention(query, key, value, mask(queries, keys, query));
  }
  // torch's fused CPU kernel has no dropout and its fallback draws from a shared generator; ours is keyed.
  const at::Tensor scores =
      at::matmul(query * (1.0 / std::sqrt(static_cast<double>(config_.headWidth))), key.transpose(-2, -1)) +
      mask(queries, keys, query);  // (B, heads, T, S)
  const at::Tensor weights = mode.key.drop(scores.softmax(-1), config_.attentionDropout);
  return at::matmul(weights.to(value.scalar_type()), value);  // (B, heads, T, headWidth)
}

const at::Tensor& CausalSelfAttention::mask(int64_t queries, int64_t keys, const at::Tensor& like) {
  const bool fits = mask_.defined() && mask_.size(0) == queries && mask_.size(1) == keys &&
                    mask_.scalar_type() == like.scalar_type() && mask_.device() == like.device();
  if (fits) return mask_;
  const auto indices = like.options().dtype(at::kLong);
  const at::Tensor row = at::arange(keys - queries, keys, indices).unsqueeze(1);  // (T, 1) places of the queries
  const at::Tensor column = at::arange(keys, indices).unsqueeze(0);               // (1, S) places of the keys
  at::Tensor allowed = column <= row;
  if (config_.window) allowed = allowed & (column > row - *config_.window);
  const at::Tensor zero = at::zeros({}, like.options());
  mask_ = at::where(allowed, zero, zero - std::numeric_limits<double>::infinity());  // (T, S)
  return mask_;
}

}  // namespace gptorch
