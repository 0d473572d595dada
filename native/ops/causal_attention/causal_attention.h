#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace gptorch::ops {

/// Causal multi-head self-attention: softmax(QKᵀ / √headWidth)·V, where position t sees t-window+1 … t. On the CPU.
///
/// Works through blocks of queries and keys with a running softmax (Dao et al. 2022, "FlashAttention"): of the scores
/// (B, heads, T, T) one block a thread is held at a time, blocks that nothing sees are left out, and the backward pass
/// computes them anew from each query's log-sum-exp. The bits depend on neither threads nor run.
///
/// @param projection (B, T, 3 · heads · headWidth): queries, keys, values side by side; float32 and float64 are
/// computed as they are, bfloat16 and float16 in float32
/// @param window how many positions a query sees, itself included; absent: all up to its own
/// @param dropout probability that a weight is dropped after the softmax: the mask is gptorch::dropout's of
/// (B, heads, T, T)
/// @param key (3) int64: seed, step and the ordinal of draw 0; needed where dropout is not 0
/// @returns (B, T, heads · headWidth), heads side by side. It has no second derivative.
at::Tensor causalAttention(const at::Tensor& projection, int64_t heads, std::optional<int64_t> window, double dropout,
                           const std::optional<at::Tensor>& key, int64_t draw);

}  // namespace gptorch::ops
