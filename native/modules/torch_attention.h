#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace gptorch {

/// Causal attention by torch's own operators: on other devices than the CPU, and over cached keys and values.
class TorchAttention {
 public:
  /// @param window how many positions a query sees; absent: all up to its own
  explicit TorchAttention(std::optional<int64_t> window) : window_(window) {}

  /// softmax(query · keyᵀ / √headWidth) · value: query (B, heads, T, headWidth), key and value (B, heads, S,
  /// headWidth), the queries being the last T of the S positions.
  at::Tensor attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) const;

  /// The same where `drop` drops weights (B, heads, T, S); holds them whole.
  template <class Drop>
  at::Tensor attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const Drop& drop) const {
    return mix(drop(weights(query, key)), value);
  }

 private:
  at::Tensor weights(const at::Tensor& query, const at::Tensor& key) const;
  static at::Tensor mix(const at::Tensor& weights, const at::Tensor& value);
  /// Made anew each time: what a device has recorded would read a kept one where the next shape's has taken its place.
  at::Tensor mask(int64_t queries, int64_t keys, const at::Tensor& like) const;

  std::optional<int64_t> window_;
};

}  // namespace gptorch
