#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ops/causal_attention/head_kernels.h"
#include "ops/exponential.h"

// What is done with a query's scores and weights, for the class of ops/simd that GPTORCH_SIMD names.
namespace gptorch::ops::causal_attention {

/// Columns of a block, from `low` up to `high`.
struct Range {
  int64_t low, high;
  bool empty() const { return low >= high; }
};

/// Partial results side by side, so that reductions vectorise without licence to reorder them. Computed ranges are
/// multiples of it.
constexpr int kLanes = 16;

template <class S>
GPTORCH_TARGET typename S::Element dot(const typename S::Element* a, const typename S::Element* b, int64_t count) {
  typename S::Element lanes[kLanes] = {}, sum = 0;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < count; ++i) sum += a[i] * b[i];
  for (const typename S::Element lane : lanes) sum += lane;
  return sum;
}

/// A query's running softmax.
template <class T>
struct RunningSoftmax {
  /// Finite, so that no difference is infinity less infinity; lower than every finite score.
  T highest = std::numeric_limits<T>::lowest();
  T sum = 0;
};

template <class T>
inline __attribute__((always_inline)) void fillOutside(T* row, Range computed, Range seen, T with) {
  for (int64_t j = computed.low; j < seen.low; ++j) row[j] = with;
  for (int64_t j = seen.high; j < computed.high; ++j) row[j] = with;
}

/// Replaces the `computed` scores of a query, of which it sees `seen`, by e^(scale · (score - highest)), 0 outside.
/// Returns what earlier sums are to be multiplied by.
template <class S>
GPTORCH_TARGET typename S::Element exponentials(typename S::Element* row, Range computed, Range seen,
                                                typename S::Element scale,
                                                RunningSoftmax<typename S::Element>& running) {
  using T = typename S::Element;
  fillOutside(row, computed, seen, std::numeric_limits<T>::lowest());
  T lanes[kLanes];
  for (T& lane : lanes) lane = running.highest;
  for (int64_t j = computed.low; j < computed.high; j += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = lanes[lane] > row[j + lane] ? lanes[lane] : row[j + lane];
  }
  T highest = lanes[0];
  for (const T lane : lanes) highest = highest > lane ? highest : lane;

  for (T& lane : lanes) lane = 0;
  for (int64_t j = computed.low; j < computed.high; j += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const T weight = exponential((row[j + lane] - highest) * scale);
      row[j + lane] = weight;
      // Outside e^-87, which is lost in a sum of at least 1.
      lanes[lane] += weight;
    }
  }
  fillOutside(row, computed, seen, T(0));
  T sum = 0;
  for (const T lane : lanes) sum += lane;
  const T factor = exponential((running.highest - highest) * scale);
  running.highest = highest;
  running.sum = running.sum * factor + sum;
  return factor;
}

/// Multiplies weights by a dropout's factors.
template <class S>
GPTORCH_TARGET void drop(typename S::Element* row, Range seen, const typename S::Element* factors) {
  for (int64_t j = seen.low; j < seen.high; ++j) row[j] = factors[j] == 0 ? 0 : factors[j] * row[j];
}

/// From a query's scores and the gradient of its weights after dropout: the weights after dropout in place of the
/// scores, and the gradient of the unscaled scores in place of the weights'.
/// @param factors null where nothing is dropped
/// @param delta Σ output · gradient of the output
template <class S>
GPTORCH_TARGET void scoreGradients(typename S::Element* scores, typename S::Element* gradients, Range computed,
                                   Range seen, typename S::Element scale, typename S::Element logSumExp,
                                   typename S::Element delta, const typename S::Element* factors) {
  using T = typename S::Element;
  fillOutside(scores, computed, seen, std::numeric_limits<T>::lowest());
  if (factors) {
    for (int64_t j = computed.low; j < computed.high; j += kLanes) {
      for (int64_t l = j; l < j + kLanes; ++l) {
        const T weight = exponential(scores[l] * scale - logSumExp);
        scores[l] = factors[l] == 0 ? 0 : factors[l] * weight;
        gradients[l] = weight * ((factors[l] == 0 ? 0 : factors[l] * gradients[l]) - delta) * scale;
      }
    }
  } else {
    for (int64_t j = computed.low; j < computed.high; j += kLanes) {
      for (int64_t l = j; l < j + kLanes; ++l) {
        const T weight = exponential(scores[l] * scale - logSumExp);
        scores[l] = weight;
        gradients[l] = weight * (gradients[l] - delta) * scale;
      }
    }
  }
  fillOutside(scores, computed, seen, T(0));
  fillOutside(gradients, computed, seen, T(0));
}

/// A dropout's factors for rows of weights, asked for in ascending places.
template <class S>
class RowFactors {
 public:
  /// to[j] for the places place + seen.low up to place + seen.high.
  GPTORCH_TARGET void fill(const DropoutMask& mask, int64_t place, Range seen, typename S::Element* to) {
    int64_t j = seen.low;
    while (j < seen.high) {
      const int64_t chunk = (place + j) / DropoutMask::kChunk, offset = (place + j) % DropoutMask::kChunk;
      if (chunk != held_) draw(mask, chunk);
      const float* const factors = &factors_[0][0] + offset;
      const int64_t count = std::min(DropoutMask::kChunk - offset, seen.high - j);
      for (int64_t i = 0; i < count; ++i) to[j + i] = factors[i];
      j += count;
    }
  }

 private:
  /// Flattened: the generator's loops are worth this instruction set too.
  __attribute__((flatten)) GPTORCH_TARGET void draw(const DropoutMask& mask, int64_t chunk) {
    mask.factors(DropoutMask::counterOf(chunk, 0), factors_);
    held_ = chunk;
  }

  /// Rows that lie side by side share a chunk.
  int64_t held_ = -1;
  float factors_[DropoutMask::kPerLane][DropoutMask::kLanes];
};

}  // namespace gptorch::ops::causal_attention
