#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace gptorch::ops {

/// Puts keys and values of a step's new rows into their blocks, and attends: softmax(query · keysᵀ / √headWidth) ·
/// values of each row, over itself and the places before it in its sequence, with a window over that many. Nothing else
/// of the blocks is read. On every device.
///
/// @param input (rows, 3 · heads · headWidth) float32: query, key and value; rows of one sequence one behind the other,
/// in the order of their places
/// @param keys (blocks, heads, headWidth, AttentionBlocks::kLength) float32; on CUDA also bfloat16
/// @param values (blocks, heads, AttentionBlocks::kLength, headWidth), likewise
/// @param tables (sequences, n) int32: each sequence's blocks; what lies behind its last place may be anything
/// @param sequences (rows) int32: each row's sequence. Rows of less than 0 are padding and come last: nothing is put
/// anywhere for them
/// @param positions (rows) int32: each row's place in its sequence
/// @param lastOnly attends of each sequence's last row alone; every sequence has one, and they stand in order
/// @return (rows, heads · headWidth) float32, or (sequences, heads · headWidth) with `lastOnly`; of padding zeros
at::Tensor attendToBlocks(const at::Tensor& input, at::Tensor& keys, at::Tensor& values, const at::Tensor& tables,
                          const at::Tensor& sequences, const at::Tensor& positions, std::optional<int64_t> window,
                          bool lastOnly);

}  // namespace gptorch::ops
