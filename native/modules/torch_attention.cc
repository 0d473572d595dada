#include "modules/torch_attention.h"

#include <ATen/Context.h>
#include <ATen/SDPBackend.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/_fused_sdp_choice.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

namespace gptorch {

namespace {

double scaleFor(const at::Tensor& query) { return 1.0 / std::sqrt(static_cast<double>(query.size(3))); }

/// Whether CUDA's flash kernel, the one of torch's that knows windows, takes these. Where cuDNN's is the first choice
/// it does too: dtypes and devices are the same.
bool flashFits(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  constexpr int64_t kWidest = 256, kWidthStep = 8;
  const int64_t width = query.size(3);
  if (!query.is_cuda() || query.size(2) != key.size(2) || width > kWidest || width % kWidthStep != 0) return false;
  if (!at::isReducedFloatingType(query.scalar_type()) || !at::globalContext().userEnabledFlashSDP()) return false;
  const auto choice = static_cast<at::SDPBackend>(at::_fused_sdp_choice(query, key, value, {}, 0.0, true));
  return choice == at::SDPBackend::flash_attention || choice == at::SDPBackend::cudnn_attention;
}

at::Tensor flash(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, int64_t window) {
  const auto turned = [](const at::Tensor& t) { return t.transpose(1, 2); };  // (B, T, heads, headWidth)
  const auto results = at::_flash_attention_forward(
      turned(query), turned(key), turned(value), {}, {}, query.size(2), key.size(2), 0.0, true, false,
      std::optional<double>(scaleFor(query)), std::optional<int64_t>(window - 1), std::optional<int64_t>(0));
  return turned(std::get<0>(results));
}

}  // namespace

at::Tensor TorchAttention::attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) const {
  const int64_t queries = query.size(2), keys = key.size(2);
  const bool windowed = window_ && *window_ < keys;
  // torch aligns is_causal to the top left, so it fits only where queries and keys are the same tokens.
  const bool plain = !windowed && (queries == keys || queries == 1);
  if (plain) return at::scaled_dot_product_attention(query, key, value, {}, 0.0, queries > 1);
  if (windowed && flashFits(query, key, value)) return flash(query, key, value, *window_);
  return at::scaled_dot_product_attention(query, key, value, mask(queries, keys, query));
}

at::Tensor TorchAttention::weights(const at::Tensor& query, const at::Tensor& key) const {
  const at::Tensor scores =
      at::matmul(query * scaleFor(query), key.transpose(-2, -1)) + mask(query.size(2), key.size(2), query);
  return scores.softmax(-1);  // (B, heads, T, S)
}

at::Tensor TorchAttention::mix(const at::Tensor& weights, const at::Tensor& value) {
  return at::matmul(weights.to(value.scalar_type()), value);  // (B, heads, T, headWidth)
}

at::Tensor TorchAttention::mask(int64_t queries, int64_t keys, const at::Tensor& like) const {
  const auto indices = like.options().dtype(at::kLong);
  const at::Tensor row = at::arange(keys - queries, keys, indices).unsqueeze(1);  // (T, 1) places of the queries
  const at::Tensor column = at::arange(keys, indices).unsqueeze(0);               // (1, S) places of the keys
  at::Tensor allowed = column <= row;
  if (window_) allowed = allowed & (column > row - *window_);
  const at::Tensor zero = at::zeros({}, like.options());
  return at::where(allowed, zero, zero - std::numeric_limits<double>::infinity());  // (T, S)
}

}  // namespace gptorch
