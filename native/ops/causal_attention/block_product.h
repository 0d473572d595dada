#pragma once

#include <cstdint>

// Products of small matrices, for the class of ops/simd that GPTORCH_SIMD names.
namespace gptorch::ops::causal_attention {

/// Rows of a product that are computed together.
constexpr int kRowGroup = 4;

/// A matrix read in any direction: rows and steps along the summed dimension are so far apart.
template <class T>
struct Factor {
  const T* data;
  int64_t rowStride, depthStride;
};

/// kRows rows · kVectors vectors of `sum`.
template <class S, int kRows, int kVectors>
GPTORCH_INLINE void multiplyRegisters(Factor<typename S::Element> a, const typename S::Element* b, int64_t bStride,
                                      int64_t depth, typename S::Element* sum, int64_t sumStride, bool accumulate) {
  typename S::Vector sums[kRows][kVectors];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = accumulate ? S::load(sum + r * sumStride + v * S::kWidth) : S::zero();
    }
  }
  for (int64_t k = 0; k < depth; ++k) {
    typename S::Vector loaded[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) loaded[v] = S::load(b + k * bStride + v * S::kWidth);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const typename S::Vector factor = S::broadcast(a.data[r * a.rowStride + k * a.depthStride]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[r][v] = S::multiplyAdd(factor, loaded[v], sums[r][v]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) S::store(sum + r * sumStride + v * S::kWidth, sums[r][v]);
  }
}

/// kRows rows, `columns` of them: a multiple of S::kWidth.
template <class S, int kRows>
GPTORCH_TARGET void multiplyColumns(const Factor<typename S::Element>& a, const typename S::Element* b, int64_t bStride,
                                    int64_t depth, typename S::Element* sum, int64_t sumStride, int64_t columns,
                                    bool accumulate) {
  constexpr int kMost = S::kAccumulators >= 4 * kRowGroup ? 4 : 2;
  int64_t column = 0;
  for (; columns - column >= kMost * S::kWidth; column += kMost * S::kWidth) {
    multiplyRegisters<S, kRows, kMost>(a, b + column, bStride, depth, sum + column, sumStride, accumulate);
  }
  const int64_t left = (columns - column) / S::kWidth;
  if (kMost == 4 && left == 3) {
    multiplyRegisters<S, kRows, 3>(a, b + column, bStride, depth, sum + column, sumStride, accumulate);
  } else if (kMost == 4 && left == 2) {
    multiplyRegisters<S, kRows, 2>(a, b + column, bStride, depth, sum + column, sumStride, accumulate);
  } else if (left == 1) {
    multiplyRegisters<S, kRows, 1>(a, b + column, bStride, depth, sum + column, sumStride, accumulate);
  }
}

/// sum (rows, columns) = a (rows, depth) · b (depth, columns), or that added to it; 1 to kRowGroup rows, columns a
/// multiple of S::kWidth.
template <class S>
GPTORCH_TARGET void multiply(const Factor<typename S::Element>& a, int64_t rows, const typename S::Element* b,
                             int64_t bStride, int64_t depth, typename S::Element* sum, int64_t sumStride,
                             int64_t columns, bool accumulate) {
  switch (rows) {
    case 1:
      return multiplyColumns<S, 1>(a, b, bStride, depth, sum, sumStride, columns, accumulate);
    case 2:
      return multiplyColumns<S, 2>(a, b, bStride, depth, sum, sumStride, columns, accumulate);
    case 3:
      return multiplyColumns<S, 3>(a, b, bStride, depth, sum, sumStride, columns, accumulate);
    default:
      return multiplyColumns<S, kRowGroup>(a, b, bStride, depth, sum, sumStride, columns, accumulate);
  }
}

}  // namespace gptorch::ops::causal_attention
