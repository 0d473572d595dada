#pragma once

#include <cstdint>

namespace gptorch::ops {

/// Rows of logits on the device: `rows` of `columns`, the first elements `stride` apart.
template <typename T>
struct LogitRows {
  /// Of each row the first element must be aligned to 16 bytes.
  T* data;
  int64_t stride, rows, columns;
};

/// Targets (rows), and what each row's gradient is multiplied by: `scale`, one number, and its own weight.
struct RowTargets {
  const int64_t* targets;
  int64_t ignoreIndex;
  /// One a row, or null: all 1.
  const float* weights;
  const double* scale;
};

/// For each row the loss -log softmax(row)[target] goes to `losses` (not weighted; 0 where the target is
/// `ignoreIndex`), and where `gradient` is set, the row is replaced by scale · weight · (softmax(row) -
/// onehot(target)), or zeros. On the current device and stream. T: float, double, c10::BFloat16, c10::Half; reduced
/// ones are computed in float.
template <typename T>
void softmaxRowsOnDevice(const LogitRows<T>& logits, const RowTargets& rows, double* losses, bool gradient);

}  // namespace gptorch::ops
