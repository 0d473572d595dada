#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "ops/causal_attention/head_kernels.h"
#include "ops/matrix_product/transpose_block.h"

// How a product's second factor is laid out, for the class of ops/simd that GPTORCH_SIMD names.
namespace gptorch::ops::causal_attention {

/// Positions side by side in a transposed panel.
constexpr int64_t kPanel = 64;

/// A head's width filled up to whole vectors.
template <class S>
constexpr int64_t paddedWidth(int64_t width) {
  return (width + S::kWidth - 1) / S::kWidth * S::kWidth;
}

/// to (count, padded width): rows from `first` on, zeros behind them.
template <class S>
GPTORCH_TARGET void packRows(Rows<const typename S::Element> from, int64_t first, int64_t count, int64_t width,
                             typename S::Element* to) {
  const int64_t padded = paddedWidth<S>(width);
  for (int64_t i = 0; i < count; ++i, to += padded) {
    const typename S::Element* const row = from[first + i];
    int64_t d = 0;
    for (; d + S::kWidth <= width; d += S::kWidth) S::store(to + d, S::load(row + d));
    for (; d < width; ++d) to[d] = row[d];
    for (; d < padded; ++d) to[d] = 0;
  }
}

/// to (width) = a row of padded ones times a factor.
template <class S>
GPTORCH_INLINE void storeRow(const typename S::Element* row, int64_t width, typename S::Vector factor,
                             typename S::Element* to) {
  int64_t d = 0;
  for (; d + S::kWidth <= width; d += S::kWidth) S::store(to + d, S::load(row + d) * factor);
  if (d == width) return;
  const typename S::Vector last = S::load(row + d) * factor;
  std::memcpy(to + d, &last, (width - d) * sizeof(typename S::Element));
}

/// A square of rows from `first` on and columns from `column` on becomes columns of `to`; beyond `count` rows zeros.
template <class S>
GPTORCH_TARGET void packSquare(Rows<const float> from, int64_t first, int64_t count, int64_t column, int64_t columns,
                               float* to) {
  TransposeRow square[kTransposeSide];
  if (count == kTransposeSide && columns == kTransposeSide) {
    for (int64_t r = 0; r < kTransposeSide; ++r) std::memcpy(&square[r], from[first + r] + column, sizeof square[r]);
  } else {
    for (TransposeRow& row : square) row = TransposeRow{};
    for (int64_t r = 0; r < count; ++r) std::memcpy(&square[r], from[first + r] + column, columns * sizeof(float));
  }
  transposeBlock(square);
  for (int64_t c = 0; c < columns; ++c) std::memcpy(to + c * kPanel, &square[c], sizeof square[c]);
}

/// to (panels, width, kPanel): `count` rows from `first` on, transposed; places beyond them are 0.
template <class S>
GPTORCH_TARGET void packTransposed(Rows<const typename S::Element> from, int64_t first, int64_t count, int64_t width,
                                   typename S::Element* to) {
  for (int64_t panel = 0; panel < count; panel += kPanel, to += width * kPanel) {
    if constexpr (std::is_same_v<typename S::Element, float>) {
      for (int64_t i = panel; i < panel + kPanel; i += kTransposeSide) {
        for (int64_t d = 0; d < width; d += kTransposeSide) {
          packSquare<S>(from, first + i, std::clamp<int64_t>(count - i, 0, kTransposeSide), d,
                        std::min(kTransposeSide, width - d), to + d * kPanel + i - panel);
        }
      }
    } else {
      for (int64_t d = 0; d < width; ++d) {
        for (int64_t i = 0; i < kPanel; ++i) to[d * kPanel + i] = panel + i < count ? from[first + panel + i][d] : 0;
      }
    }
  }
}

/// Elements that packTransposed fills for `count` rows.
constexpr int64_t transposedSize(int64_t count, int64_t width) {
  return (count + kPanel - 1) / kPanel * kPanel * width;
}

}  // namespace gptorch::ops::causal_attention
