#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace gptorch::ops {

/// The cross-entropy of softmax(hidden · weightᵀ) against targets, without ever holding all logits.
///
/// Works through row chunks; where a gradient is wanted, a chunk's logits become its gradient in place and are
/// multiplied out at once, so that the backward pass only scales what is stored.
///
/// @param hidden (rows, width)
/// @param weight (vocabSize, width)
/// @param targets (rows), int64; rows whose target is `ignoreIndex` count neither in the loss nor in the
/// mean, and are left out of the products
/// @param rowWeights (rows), float32: each row's loss times its weight, for a sum only; no gradient goes to it
/// @param mean divide by the number of counted rows (0 where there are none), else the sum
/// @param chunkRows rows a chunk; 0: as many as keep a chunk's logits at about 16 MiB, of reduced dtypes 64
at::Tensor linearCrossEntropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                              const std::optional<at::Tensor>& rowWeights, int64_t ignoreIndex, bool mean,
                              int64_t chunkRows);

}  // namespace gptorch::ops
