#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cstdint>
#include <optional>

namespace gptorch::ops {

/// Shapes alone, so that tracing can call it.
inline void checkCausalAttention(const at::Tensor& projection, int64_t heads, std::optional<int64_t> window,
                                 double dropout, const std::optional<at::Tensor>& key) {
  TORCH_CHECK(heads > 0, "causal_attention: heads must be above 0, not ", heads);
  TORCH_CHECK(projection.dim() == 3 && projection.sym_size(2) % (3 * heads) == 0 && projection.sym_size(2) > 0,
              "causal_attention: the projection must be (B, T, 3 * ", heads, " heads * headWidth), not ",
              projection.sym_sizes());
  TORCH_CHECK(at::isFloatingType(projection.scalar_type()),
              "causal_attention: the projection must have a floating dtype, not ", projection.scalar_type());
  TORCH_CHECK(!window || *window > 0, "causal_attention: the window must be above 0, not ", window.value_or(0));
  TORCH_CHECK(dropout >= 0 && dropout <= 1, "causal_attention: dropout must be within 0 and 1, not ", dropout);
  TORCH_CHECK(dropout == 0 || key, "causal_attention: dropout needs a key");
  if (!key) return;
  TORCH_CHECK(key->scalar_type() == at::kLong && key->dim() == 1 && key->sym_size(0) == 3,
              "causal_attention: the key must be seed, step and ordinal in int64");
}

}  // namespace gptorch::ops
