#include "ops/matrix_product/transpose.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "ops/grain.h"

namespace gptorch::ops {

namespace {

constexpr int64_t kSide = 16;
using Row = float __attribute__((vector_size(kSide * sizeof(float))));

#if defined(__clang__)
#define GPTORCH_INTERLEAVE(low, high, ...) __builtin_shufflevector(low, high, __VA_ARGS__)
#else
using Order = int32_t __attribute__((vector_size(kSide * sizeof(int32_t))));
#define GPTORCH_INTERLEAVE(low, high, ...) __builtin_shuffle(low, high, Order{__VA_ARGS__})
#endif

/// Four times, rows r and r + 8 are interleaved into rows 2r and 2r + 1. Each time rotates the bits of an element's
/// place (row, column) by one; four of eight bits swap row and column.
inline __attribute__((always_inline)) void transposeBlock(Row (&rows)[kSide]) {
  for (int round = 0; round < 4; ++round) {
    Row mixed[kSide];
    for (int r = 0; r < kSide / 2; ++r) {
      const Row &low = rows[r], &high = rows[r + kSide / 2];
      mixed[2 * r] = GPTORCH_INTERLEAVE(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      mixed[2 * r + 1] = GPTORCH_INTERLEAVE(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    std::copy_n(mixed, kSide, rows);
  }
}

/// Columns `first` to `last` of `from` (rows, columns) become rows of `to` (columns, rows).
__attribute__((target_clones("avx512f", "avx2", "default"))) void transposeColumns(const float* from, float* to,
                                                                                   int64_t rows, int64_t columns,
                                                                                   int64_t first, int64_t last) {
  for (int64_t j = first; j < last; j += kSide) {
    for (int64_t i = 0; i < rows; i += kSide) {
      if (i + kSide <= rows && j + kSide <= last) {
        Row block[kSide];
        for (int64_t r = 0; r < kSide; ++r) std::memcpy(&block[r], from + (i + r) * columns + j, sizeof(Row));
        transposeBlock(block);
        for (int64_t c = 0; c < kSide; ++c) std::memcpy(to + (j + c) * rows + i, &block[c], sizeof(Row));
        continue;
      }
      for (int64_t c = j; c < std::min(j + kSide, last); ++c) {
        for (int64_t r = i; r < std::min(i + kSide, rows); ++r) to[c * rows + r] = from[r * columns + c];
      }
    }
  }
}

}  // namespace

at::Tensor transposedCopy(const at::Tensor& matrix) {
  if (matrix.scalar_type() != at::kFloat || !matrix.is_contiguous()) return matrix.t().contiguous();
  const int64_t rows = matrix.size(0), columns = matrix.size(1);
  at::Tensor result = at::empty({columns, rows}, matrix.options());
  const float* from = matrix.const_data_ptr<float>();
  float* to = result.mutable_data_ptr<float>();
  const int64_t bands = (columns + kSide - 1) / kSide;
  const int64_t grain = std::max<int64_t>(1, kGrain / (kSide * std::max<int64_t>(1, rows)));
  at::parallel_for(0, bands, grain, [&](int64_t first, int64_t last) {
    transposeColumns(from, to, rows, columns, first * kSide, std::min(last * kSide, columns));
  });
  return result;
}

}  // namespace gptorch::ops
