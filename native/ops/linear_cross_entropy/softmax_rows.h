#pragma once

#include <cstdint>

namespace gptorch::ops {

/// For each row of `logits` (rows, columns): the loss -log softmax(row)[target], and where `gradient` is set, the row
/// is replaced by scale · rowWeight · (softmax(row) - onehot(target)). Losses are not weighted.
/// @param rowWeights one a row, or null: all 1
void softmaxRows(float* logits, const int64_t* targets, const float* rowWeights, double* losses, int64_t rows,
                 int64_t columns, bool gradient, float scale);
void softmaxRows(double* logits, const int64_t* targets, const float* rowWeights, double* losses, int64_t rows,
                 int64_t columns, bool gradient, double scale);

}  // namespace gptorch::ops
