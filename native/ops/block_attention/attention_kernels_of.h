#pragma once

// The kernels of attention_kernels.h, once for all instruction sets: templates over the class of ops/simd whose header
// GPTORCH_SIMD names.
#include GPTORCH_SIMD

#include <cmath>
#include <limits>

#include "ops/block_attention/attention_kernels.h"
#include "ops/block_attention/block_attention.h"
#include "ops/exponential.h"

namespace gptorch::ops {

template <class S, int kQueries>
GPTORCH_TARGET void scoreOf(const float* const* queries, const float* keys, int64_t headWidth, float* const* scores) {
  constexpr int64_t kLength = AttentionBlocks::kLength;
  constexpr int kVectors = S::kWidth >= 8 ? kLength / S::kWidth : 2;  // as many as the registers hold
  for (int64_t place = 0; place < kLength; place += kVectors * S::kWidth) {
    typename S::Vector sums[kQueries][kVectors];
#pragma GCC unroll 4
    for (int q = 0; q < kQueries; ++q) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[q][v] = S::zero();
    }
    for (int64_t d = 0; d < headWidth; ++d) {
      typename S::Vector loaded[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) loaded[v] = S::load(keys + d * kLength + place + v * S::kWidth);
#pragma GCC unroll 4
      for (int q = 0; q < kQueries; ++q) {
        const typename S::Vector factor = S::broadcast(queries[q][d]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sums[q][v] = S::multiplyAdd(factor, loaded[v], sums[q][v]);
      }
    }
#pragma GCC unroll 4
    for (int q = 0; q < kQueries; ++q) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) S::store(scores[q] + place + v * S::kWidth, sums[q][v]);
    }
  }
}

/// kVectors vectors of the head.
template <class S, int kQueries, int kVectors>
GPTORCH_TARGET void mixVectors(const float* const* weights, int64_t places, const float* values, int64_t headWidth,
                               float* const* sums, int64_t first) {
  typename S::Vector mixed[kQueries][kVectors];
#pragma GCC unroll 4
  for (int q = 0; q < kQueries; ++q) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) mixed[q][v] = S::load(sums[q] + first + v * S::kWidth);
  }
  for (int64_t place = 0; place < places; ++place) {
    typename S::Vector loaded[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) loaded[v] = S::load(values + place * headWidth + first + v * S::kWidth);
#pragma GCC unroll 4
    for (int q = 0; q < kQueries; ++q) {
      const typename S::Vector factor = S::broadcast(weights[q][place]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) mixed[q][v] = S::multiplyAdd(factor, loaded[v], mixed[q][v]);
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < kQueries; ++q) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) S::store(sums[q] + first + v * S::kWidth, mixed[q][v]);
  }
}

template <class S, int kQueries>
GPTORCH_TARGET void mixOf(const float* const* weights, int64_t places, const float* values, int64_t headWidth,
                          float* const* sums) {
  constexpr int kVectors = S::kWidth >= 16 ? 4 : 2;
  int64_t d = 0;
  for (; d + kVectors * S::kWidth <= headWidth; d += kVectors * S::kWidth) {
    mixVectors<S, kQueries, kVectors>(weights, places, values, headWidth, sums, d);
  }
  for (; d + S::kWidth <= headWidth; d += S::kWidth) {
    mixVectors<S, kQueries, 1>(weights, places, values, headWidth, sums, d);
  }
  for (; d < headWidth; ++d) {
    for (int q = 0; q < kQueries; ++q) {
      float mixed = sums[q][d];
      for (int64_t place = 0; place < places; ++place) {
        mixed = std::fma(weights[q][place], values[place * headWidth + d], mixed);
      }
      sums[q][d] = mixed;
    }
  }
}

template <class S>
GPTORCH_TARGET void softmaxOf(float* scores, int64_t count, float scale) {
  // Partial results side by side, so that reductions vectorise without licence to reorder them.
  constexpr int kLanes = 16;
  const float lowest = -std::numeric_limits<float>::infinity();
  float lanes[kLanes];
  for (float& lane : lanes) lane = lowest;
  const int64_t whole = (count + kLanes - 1) / kLanes * kLanes;
  for (int64_t i = count; i < whole; ++i) scores[i] = lowest;
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane)
      lanes[lane] = lanes[lane] > scores[i + lane] ? lanes[lane] : scores[i + lane];
  }
  float highest = lowest;
  for (const float lane : lanes) highest = highest > lane ? highest : lane;
  for (float& lane : lanes) lane = 0;
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float weight = exponential((scores[i + lane] - highest) * scale);
      scores[i + lane] = weight;
      // Beyond the last place e^-87, which is lost in a sum of at least 1.
      lanes[lane] += weight;
    }
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  const float factor = 1 / sum;
  for (int64_t i = 0; i < whole; ++i) scores[i] *= factor;
}

template <class S>
GPTORCH_TARGET void scoreAny(const float* const* queries, int count, const float* keys, int64_t headWidth,
                             float* const* scores) {
  if (count == kQueryGroup) return scoreOf<S, kQueryGroup>(queries, keys, headWidth, scores);
  for (int q = 0; q < count; ++q) scoreOf<S, 1>(queries + q, keys, headWidth, scores + q);
}

template <class S>
GPTORCH_TARGET void mixAny(const float* const* weights, int count, int64_t places, const float* values,
                           int64_t headWidth, float* const* sums) {
  if (count == kQueryGroup) return mixOf<S, kQueryGroup>(weights, places, values, headWidth, sums);
  for (int q = 0; q < count; ++q) mixOf<S, 1>(weights + q, places, values, headWidth, sums + q);
}

template <class S>
AttentionKernels attentionKernelsOf() {
  return {scoreAny<S>, softmaxOf<S>, mixAny<S>};
}

}  // namespace gptorch::ops
