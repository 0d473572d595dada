#pragma once

#include <cstdint>

namespace gptorch::ops {

/// For each row of `logits` (rows, columns): the loss -log softmax(row)[target], and where `gradient` is set,
/// the row is replaced by scale * (softmax(row) - onehot(target)). Ignored rows give loss 0 and gradient 0.
/// Every target must be within 0 and columns - 1, or `ignoreIndex`.
void softmaxRows(float* logits, const int64_t* targets, double* losses, int64_t rows, int64_t columns,
                 int64_t ignoreIndex, bool gradient, float scale);
void softmaxRows(double* logits, const int64_t* targets, double* losses, int64_t rows, int64_t columns,
                 int64_t ignoreIndex, bool gradient, double scale);

}  // namespace gptorch::ops
