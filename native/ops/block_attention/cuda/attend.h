#pragma once

#include <cstdint>

#include "ops/block_attention/block_attention.h"
#include "ops/host_device.h"

namespace gptorch::ops {

/// A step's new rows and the blocks that they attend to, all on the device. T: float or c10::BFloat16, what keys and
/// values are kept in.
template <typename T>
struct AttentionRows {
  /// (rows, 3 · inner): query, key and value
  const float* input;
  /// (blocks, heads, headWidth, kLength)
  T* keys;
  /// (blocks, heads, kLength, headWidth)
  T* values;
  /// (sequences, tableWidth): the blocks of each sequence
  const int32_t* tables;
  /// (rows): each row's sequence, or less than 0: padding
  const int32_t* sequences;
  /// (rows): each row's place in its sequence
  const int32_t* positions;
  int64_t rows, blocks, tableRows, tableWidth, heads, headWidth;
  /// Places that a row sees, itself included; 0: all up to itself.
  int64_t window;
  /// Only each sequence's last row is asked for; the sequences stand in order then.
  bool lastOnly;

  GPTORCH_HOST_DEVICE int64_t inner() const { return heads * headWidth; }
  GPTORCH_HOST_DEVICE int64_t firstSeen(int64_t row) const {
    const int64_t end = positions[row] + int64_t{1};
    return window > 0 && window < end ? end - window : 0;
  }
  GPTORCH_HOST_DEVICE bool isAsked(int64_t row) const {
    return !lastOnly || (sequences[row] >= 0 && (row + 1 == rows || sequences[row + 1] != sequences[row]));
  }
  /// Where a head's part of the block of a row's place begins, in keys and in values.
  GPTORCH_HOST_DEVICE int64_t offset(int64_t row, int64_t head, int64_t place) const {
    const int64_t block = tables[sequences[row] * tableWidth + place / AttentionBlocks::kLength];
    return (block * heads + head) * AttentionBlocks::kLength * headWidth;
  }
};

/// What the splits of some rows' keys give, before they are combined: for each row, head and split the highest score,
/// the sum of the weights relative to it, and the values times these weights.
struct AttentionSplits {
  /// Places of one split. A split's place depends on nothing but its number: a row's result is the same to the bit
  /// whatever is beside it.
  static constexpr int64_t kLength = 2 * AttentionBlocks::kLength;

  /// The first row that they are of.
  int64_t firstRow;
  /// Of one row and head.
  int64_t count;
  float *highest, *sum;  // (rows, heads, count)
  float* mixed;          // (rows, heads, count, headWidth)

  /// Floats that one row needs.
  static int64_t floatsOf(int64_t heads, int64_t count, int64_t headWidth) { return heads * count * (headWidth + 2); }
};

// On the current device and stream.

/// Puts the rows' keys and values into their blocks.
template <typename T>
void storeRowsOnDevice(const AttentionRows<T>& rows);

/// The attention of `count` rows from `splits.firstRow` on. Rows of padding give zeros.
/// @param output (rows, inner), or (tableRows, inner) with `lastOnly`
template <typename T>
void attendOnDevice(const AttentionRows<T>& rows, const AttentionSplits& splits, int64_t count, float* output);

}  // namespace gptorch::ops
