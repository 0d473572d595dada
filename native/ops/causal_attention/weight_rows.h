#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "ops/causal_attention/head_kernels.h"
#include "ops/causal_attention/vector_math.h"
#include "ops/dropout/chunk_factors.h"

// What is done with a query's scores and weights, for the class of ops/simd that GPTORCH_SIMD names.
namespace gptorch::ops::causal_attention {

/// Columns of a block, from `low` up to `high`.
struct Range {
  int64_t low, high;
  bool empty() const { return low >= high; }
};

/// Computed ranges begin and end at multiples of it: whole vectors of every instruction set.
constexpr int64_t kColumnStep = 16;

template <class S>
GPTORCH_TARGET typename S::Element dot(const typename S::Element* a, const typename S::Element* b, int64_t count) {
  typename S::Vector sums = S::zero();
  int64_t i = 0;
  for (; i + S::kWidth <= count; i += S::kWidth) sums = S::multiplyAdd(S::load(a + i), S::load(b + i), sums);
  typename S::Element sum = S::sum(sums);
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// A query's running softmax.
template <class T>
struct RunningSoftmax {
  /// Finite, so that no difference is infinity less infinity; lower than every finite score.
  T highest = std::numeric_limits<T>::lowest();
  T sum = 0;
};

/// Replaces the `computed` scores of a query, of which it sees `seen`, by e^(scale · (score - highest)) times the
/// dropout's factors (null: none), 0 outside. Returns what earlier sums are to be multiplied by.
template <class S>
GPTORCH_TARGET typename S::Element exponentials(typename S::Element* row, Range computed, Range seen,
                                                typename S::Element scale, const typename S::Element* factors,
                                                RunningSoftmax<typename S::Element>& running) {
  using T = typename S::Element;
  using Vector = typename S::Vector;
  const Columns<S> columns(seen.low, seen.high);
  const Vector lowest = S::broadcast(std::numeric_limits<T>::lowest()), zero = S::zero();
  Vector highest = S::broadcast(running.highest);
  for (int64_t j = computed.low; j < computed.high; j += S::kWidth) {
    const Vector score = columns.select(j, S::load(row + j), lowest);
    highest = highest > score ? highest : score;
  }
  const T most = S::highest(highest);
  highest = S::broadcast(most);
  const Vector scales = S::broadcast(scale);
  Vector sums = zero;
  for (int64_t j = computed.low; j < computed.high; j += S::kWidth) {
    const Vector exponential = exponentialOf<S>((S::load(row + j) - highest) * scales);
    Vector weight = columns.select(j, exponential, zero);
    sums += weight;
    if (factors) {
      const Vector factor = S::load(factors + j);
      // What is dropped is 0 even where it was infinite or not a number.
      weight = factor == zero ? zero : factor * weight;
    }
    S::store(row + j, weight);
  }
  const T factor = S::sum(exponentialOf<S>(S::broadcast((running.highest - most) * scale))) / S::kWidth;
  running.highest = most;
  running.sum = running.sum * factor + S::sum(sums);
  return factor;
}

/// From a query's scores and the gradient of its weights after dropout: the weights after dropout in place of the
/// scores, and the gradient of the unscaled scores in place of the weights'.
/// @param factors of the dropout; null: none
/// @param delta Σ output · gradient of the output
template <class S>
GPTORCH_TARGET void scoreGradients(typename S::Element* scores, typename S::Element* gradients, Range computed,
                                   Range seen, typename S::Element scale, typename S::Element logSumExp,
                                   typename S::Element delta, const typename S::Element* factors) {
  using Vector = typename S::Vector;
  const Columns<S> columns(seen.low, seen.high);
  const Vector zero = S::zero(), scales = S::broadcast(scale), deltas = S::broadcast(delta);
  const Vector logSumExps = S::broadcast(logSumExp);
  for (int64_t j = computed.low; j < computed.high; j += S::kWidth) {
    const Vector exponential = exponentialOf<S>(S::load(scores + j) * scales - logSumExps);
    const Vector weight = columns.select(j, exponential, zero);
    Vector dropped = weight, gradient = S::load(gradients + j);
    if (factors) {
      const Vector factor = S::load(factors + j);
      dropped = factor == zero ? zero : factor * weight;
      gradient = factor == zero ? zero : factor * gradient;
    }
    S::store(scores + j, dropped);
    S::store(gradients + j, weight * (gradient - deltas) * scales);
  }
}

/// A dropout's factors for rows of weights, asked for in ascending places.
template <class S>
class RowFactors {
  using T = typename S::Element;

 public:
  /// Those of the places from `place` on, for the columns of a range; kept until the next call.
  GPTORCH_TARGET const T* at(const DropoutMask& mask, int64_t place, Range range) {
    const int64_t first = place + range.low, last = place + range.high - 1;
    if (std::is_same_v<T, float> && first / DropoutMask::kChunk == last / DropoutMask::kChunk) {
      hold(mask, first / DropoutMask::kChunk);
      return reinterpret_cast<const T*>(&held_[0][0]) + first % DropoutMask::kChunk - range.low;
    }
    for (int64_t j = range.low; j < range.high;) {
      const int64_t chunk = (place + j) / DropoutMask::kChunk, offset = (place + j) % DropoutMask::kChunk;
      hold(mask, chunk);
      const int64_t count = std::min(DropoutMask::kChunk - offset, range.high - j);
      std::copy_n(&held_[0][0] + offset, count, row_ + j);
      j += count;
    }
    return row_;
  }

 private:
  GPTORCH_TARGET void hold(const DropoutMask& mask, int64_t chunk) {
    if (chunk == chunk_) return;
    chunkFactors<S>(mask, chunk, held_);
    chunk_ = chunk;
  }

  /// Rows that lie side by side share a chunk.
  int64_t chunk_ = -1;
  alignas(64) float held_[DropoutMask::kPerLane][DropoutMask::kLanes];
  T row_[kKeys];
};

}  // namespace gptorch::ops::causal_attention
