#include "ops/linear_cross_entropy/softmax_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/exponential.h"

#define GPTORCH_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

namespace gptorch::ops {

namespace {

/// Partial results side by side, so that reductions vectorise without licence to reorder them.
constexpr int kLanes = 16;

template <typename T>
inline __attribute__((always_inline)) T maximum(const T* row, int64_t columns) {
  T lanes[kLanes];
  std::fill_n(lanes, kLanes, -std::numeric_limits<T>::infinity());
  int64_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = row[j + lane] > lanes[lane] ? row[j + lane] : lanes[lane];
  }
  for (; j < columns; ++j) lanes[0] = std::max(lanes[0], row[j]);
  return *std::max_element(lanes, lanes + kLanes);
}

/// Replaces the row by e^(row - shift) and returns the sum.
template <typename T>
inline __attribute__((always_inline)) T exponentiate(T* row, int64_t columns, T shift) {
  T lanes[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const T value = exponential(row[j + lane] - shift);
      row[j + lane] = value;
      lanes[lane] += value;
    }
  }
  for (; j < columns; ++j) {
    row[j] = exponential(row[j] - shift);
    lanes[0] += row[j];
  }
  T sum = 0;
  for (const T lane : lanes) sum += lane;
  return sum;
}

template <typename T>
inline __attribute__((always_inline)) void softmaxRowsOf(T* logits, const int64_t* targets, const float* rowWeights,
                                                         double* losses, int64_t rows, int64_t columns, bool gradient,
                                                         T scale) {
  for (int64_t i = 0; i < rows; ++i) {
    T* row = logits + i * columns;
    const T highest = maximum(row, columns);
    const T targetLogit = row[targets[i]];
    const T sum = exponentiate(row, columns, highest);
    losses[i] = std::log(static_cast<double>(sum)) + static_cast<double>(highest) - static_cast<double>(targetLogit);
    if (!gradient) continue;
    const T rowScale = rowWeights ? scale * static_cast<T>(rowWeights[i]) : scale;
    const T factor = rowScale / sum;
    for (int64_t j = 0; j < columns; ++j) row[j] *= factor;
    row[targets[i]] -= rowScale;
  }
}

}  // namespace

GPTORCH_CLONES void softmaxRows(float* logits, const int64_t* targets, const float* rowWeights, double* losses,
                                int64_t rows, int64_t columns, bool gradient, float scale) {
  softmaxRowsOf(logits, targets, rowWeights, losses, rows, columns, gradient, scale);
}

void softmaxRows(double* logits, const int64_t* targets, const float* rowWeights, double* losses, int64_t rows,
                 int64_t columns, bool gradient, double scale) {
  softmaxRowsOf(logits, targets, rowWeights, losses, rows, columns, gradient, scale);
}

}  // namespace gptorch::ops
