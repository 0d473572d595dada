#pragma once

// The kernels of tile_kernels.h, once for all instruction sets: templates over the class of ops/simd whose header
// GPTORCH_SIMD names.
#include GPTORCH_SIMD

#include <algorithm>
#include <cmath>

#include "ops/exponential.h"
#include "ops/gelu_tanh/formula.h"
#include "ops/packed_product/tile_kernels.h"

namespace gptorch::ops {

/// How far ahead of their use weights are asked for: beyond the page, where the processor's own prefetcher stops.
constexpr int64_t kPrefetchBytes = 4096;

/// kRows rows · kVectors vectors of a panel's channels.
template <class S, int kVectors, int kRows, class Weight>
GPTORCH_TARGET void multiplyBlock(const float* input, int64_t stride, const Weight* panel, int64_t depth, float* tile,
                                  bool accumulate) {
  typename S::Vector sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = accumulate ? S::load(tile + r * kPanelWidth + v * S::kWidth) : S::zero();
    }
  }
  for (int64_t k = 0; k < depth; ++k) {
    const Weight* const weights = panel + k * kPanelWidth;
#pragma GCC unroll 8
    for (size_t line = 0; line < kVectors * S::kWidth * sizeof(Weight); line += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(weights) + line + kPrefetchBytes);
    }
    typename S::Vector loaded[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) loaded[v] = S::load(weights + v * S::kWidth);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const typename S::Vector factor = S::broadcast(input[r * stride + k]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[r][v] = S::multiplyAdd(factor, loaded[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) S::store(tile + r * kPanelWidth + v * S::kWidth, sums[r][v]);
  }
}

/// As many of the panel's channels at once as the registers hold for that many rows.
template <class S, int kRows, class Weight>
GPTORCH_TARGET void multiplyRows(const float* input, int64_t stride, const Weight* panel, int64_t depth, float* tile,
                                 bool accumulate) {
  constexpr int kAll = kPanelWidth / S::kWidth;
  constexpr int kFit = S::kAccumulators / kRows;
  constexpr int kVectors = kFit >= kAll ? kAll : kFit >= 8 ? 8 : kFit >= 4 ? 4 : 2;
  for (int channel = 0; channel < kPanelWidth; channel += kVectors * S::kWidth) {
    multiplyBlock<S, kVectors, kRows>(input, stride, panel + channel, depth, tile + channel, accumulate);
  }
}

template <class S, class Weight>
GPTORCH_TARGET void multiplyTile(const float* input, int64_t stride, int64_t rows, const Weight* panel, int64_t depth,
                                 float* tile, bool accumulate) {
  constexpr int64_t kMost = 6;
  while (rows > 0) {
    // Seven rows as four and three, not as six and one.
    const int64_t now = rows > kMost && rows < 2 * kMost ? (rows + 1) / 2 : std::min(rows, kMost);
    switch (now) {
      case 1:
        multiplyRows<S, 1>(input, stride, panel, depth, tile, accumulate);
        break;
      case 2:
        multiplyRows<S, 2>(input, stride, panel, depth, tile, accumulate);
        break;
      case 3:
        multiplyRows<S, 3>(input, stride, panel, depth, tile, accumulate);
        break;
      case 4:
        multiplyRows<S, 4>(input, stride, panel, depth, tile, accumulate);
        break;
      case 5:
        multiplyRows<S, 5>(input, stride, panel, depth, tile, accumulate);
        break;
      default:
        multiplyRows<S, 6>(input, stride, panel, depth, tile, accumulate);
    }
    input += now * stride;
    tile += now * kPanelWidth;
    rows -= now;
  }
}

/// Loops of a fixed length over whole vectors: no element takes another path than its neighbours.
template <class S>
GPTORCH_TARGET void finishTile(float* tile, int64_t rows, const float* scales, const float* bias, Finish finish) {
  for (float* row = tile; row < tile + rows * kPanelWidth; row += kPanelWidth) {
    for (int j = 0; j < kPanelWidth; ++j) row[j] = row[j] * scales[j] + bias[j];
    switch (finish) {
      case Finish::None:
        break;
      case Finish::GeluTanh:
        for (int j = 0; j < kPanelWidth; ++j) row[j] *= geluTanhGate(row[j]);
        break;
      case Finish::Gelu:
        for (int j = 0; j < kPanelWidth; ++j) row[j] *= geluGate(row[j]);
        break;
      case Finish::Relu:
        for (int j = 0; j < kPanelWidth; ++j) row[j] = row[j] < 0 ? 0 : row[j];
    }
  }
}

template <class S>
TileKernels tileKernelsOf() {
  return {multiplyTile<S, float>, multiplyTile<S, uint16_t>, multiplyTile<S, int8_t>, finishTile<S>};
}

}  // namespace gptorch::ops
