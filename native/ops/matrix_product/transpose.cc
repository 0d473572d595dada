#include "ops/matrix_product/transpose.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "ops/grain.h"
#include "ops/matrix_product/transpose_block.h"

namespace gptorch::ops {

namespace {

/// Columns `first` to `last` of `from` (rows, columns) become rows of `to` (columns, rows).
__attribute__((target_clones("avx512f", "avx2", "default"))) void transposeColumns(const float* from, float* to,
                                                                                   int64_t rows, int64_t columns,
                                                                                   int64_t first, int64_t last) {
  for (int64_t j = first; j < last; j += kTransposeSide) {
    for (int64_t i = 0; i < rows; i += kTransposeSide) {
      if (i + kTransposeSide <= rows && j + kTransposeSide <= last) {
        TransposeRow block[kTransposeSide];
        for (int64_t r = 0; r < kTransposeSide; ++r)
          std::memcpy(&block[r], from + (i + r) * columns + j, sizeof(TransposeRow));
        transposeBlock(block);
        for (int64_t c = 0; c < kTransposeSide; ++c)
          std::memcpy(to + (j + c) * rows + i, &block[c], sizeof(TransposeRow));
        continue;
      }
      for (int64_t c = j; c < std::min(j + kTransposeSide, last); ++c) {
        for (int64_t r = i; r < std::min(i + kTransposeSide, rows); ++r) to[c * rows + r] = from[r * columns + c];
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
  const int64_t bands = (columns + kTransposeSide - 1) / kTransposeSide;
  const int64_t grain = std::max<int64_t>(1, kGrain / (kTransposeSide * std::max<int64_t>(1, rows)));
  at::parallel_for(0, bands, grain, [&](int64_t first, int64_t last) {
    transposeColumns(from, to, rows, columns, first * kTransposeSide, std::min(last * kTransposeSide, columns));
  });
  return result;
}

}  // namespace gptorch::ops
