#pragma once

#include <algorithm>
#include <cstdint>

namespace gptorch::ops {

constexpr int64_t kTransposeSide = 16;
using TransposeRow = float __attribute__((vector_size(kTransposeSide * sizeof(float))));

#if defined(__clang__)
#define GPTORCH_INTERLEAVE(low, high, ...) __builtin_shufflevector(low, high, __VA_ARGS__)
#else
using TransposeOrder = int32_t __attribute__((vector_size(kTransposeSide * sizeof(int32_t))));
#define GPTORCH_INTERLEAVE(low, high, ...) __builtin_shuffle(low, high, TransposeOrder{__VA_ARGS__})
#endif

/// Four times, rows r and r + 8 are interleaved into rows 2r and 2r + 1. Each time rotates the bits of an element's
/// place (row, column) by one; four of eight bits swap row and column.
inline __attribute__((always_inline)) void transposeBlock(TransposeRow (&rows)[kTransposeSide]) {
  for (int round = 0; round < 4; ++round) {
    TransposeRow mixed[kTransposeSide];
    for (int r = 0; r < kTransposeSide / 2; ++r) {
      const TransposeRow &low = rows[r], &high = rows[r + kTransposeSide / 2];
      mixed[2 * r] = GPTORCH_INTERLEAVE(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      mixed[2 * r + 1] = GPTORCH_INTERLEAVE(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    std::copy_n(mixed, kTransposeSide, rows);
  }
}

#undef GPTORCH_INTERLEAVE

}  // namespace gptorch::ops
