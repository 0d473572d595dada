#pragma once

// The kernels alone, so that test/native can run them without CUDA. Who includes them defines CUDA_KERNEL_ASSERT.
#include <cmath>
#include <cstdint>
#include <limits>

#include "ops/block_attention/cuda/attend.h"

// Loads that do not wait for each other.
#if defined(__CUDACC__)
#define GPTORCH_UNROLL _Pragma("unroll 16")
#else
#define GPTORCH_UNROLL
#endif

namespace gptorch::ops {

constexpr int kStoreThreads = 256;
constexpr int kCombineThreads = 128;
constexpr int kLanes = 32;
static_assert(AttentionBlocks::kLength == kLanes, "a warp has a block's places");
/// A head's elements are dealt out to so many threads for each place.
constexpr int kSlices = 4;
constexpr int kSplitPlaces = AttentionSplits::kLength;
constexpr int kSplitThreads = kSlices * kSplitPlaces;
constexpr int kSplitWarps = kSplitThreads / kLanes;
/// Elements of a head that are mixed before the block meets.
constexpr int kMixedTogether = 128;

/// A thread has an element of a row's keys and of its values.
template <typename T>
__global__ void __launch_bounds__(kStoreThreads) storeRows(AttentionRows<T> rows) {
  constexpr int64_t kLength = AttentionBlocks::kLength;
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kStoreThreads + threadIdx.x;
  const int64_t row = thread / rows.inner(), element = thread % rows.inner();
  if (row >= rows.rows || rows.sequences[row] < 0) return;
  const int64_t place = rows.positions[row], slot = place % kLength;
  CUDA_KERNEL_ASSERT(rows.sequences[row] < rows.tableRows && place >= 0 && place / kLength < rows.tableWidth &&
                     "block_attention: a row is outside the tables");
  const int64_t head = element / rows.headWidth, d = element % rows.headWidth;
  const int64_t offset = rows.offset(row, head, place);
  CUDA_KERNEL_ASSERT(offset >= 0 && offset < rows.blocks * rows.inner() * kLength &&
                     "block_attention: a table names a block that is not there");
  const float* key = rows.input + row * 3 * rows.inner() + rows.inner() + element;
  rows.keys[offset + d * kLength + slot] = static_cast<T>(key[0]);
  rows.values[offset + slot * rows.headWidth + d] = static_cast<T>(key[rows.inner()]);
}

__device__ inline float highestInWarp(float mine) {
  for (int distance = kLanes / 2; distance > 0; distance /= 2) {
    const float other = __shfl_xor_sync(0xffffffffu, mine, distance);
    mine = other > mine ? other : mine;
  }
  return mine;
}

__device__ inline float sumInWarp(float mine) {
  for (int distance = kLanes / 2; distance > 0; distance /= 2) mine += __shfl_xor_sync(0xffffffffu, mine, distance);
  return mine;
}

/// A block has a row, a head and a split of the keys. Places that the row does not see are not read.
template <typename T>
__global__ void __launch_bounds__(kSplitThreads) attendSplit(AttentionRows<T> rows, AttentionSplits splits) {
  constexpr int64_t kLength = AttentionBlocks::kLength;
  __shared__ float partial[kSlices][kSplitPlaces];
  __shared__ float highest[kSplitWarps], sums[kSplitWarps], weights[kSplitPlaces];
  __shared__ float mixed[kSplitWarps][kMixedTogether];
  const int64_t index = blockIdx.x;
  const int64_t split = index % splits.count, head = index / splits.count % rows.heads;
  const int64_t row = splits.firstRow + index / splits.count / rows.heads;
  if (rows.sequences[row] < 0 || !rows.isAsked(row)) return;
  const int64_t first = rows.firstSeen(row), last = rows.positions[row];
  const int64_t base = split * kSplitPlaces;
  if (last < base || first >= base + kSplitPlaces) return;

  // The score of a place, by slices of the head.
  const int slot = static_cast<int>(threadIdx.x) % kSplitPlaces, slice = static_cast<int>(threadIdx.x) / kSplitPlaces;
  const int lane = slot % kLanes, warp = static_cast<int>(threadIdx.x) / kLanes;
  const int64_t place = base + slot;
  const bool seen = place >= first && place <= last;
  float score = 0;
  if (seen) {
    const float* query = rows.input + row * 3 * rows.inner() + head * rows.headWidth;
    const T* keys = rows.keys + rows.offset(row, head, place) + lane;
    GPTORCH_UNROLL
    for (int64_t d = slice; d < rows.headWidth; d += kSlices) {
      score += query[d] * static_cast<float>(keys[d * kLength]);
    }
  }
  partial[slice][slot] = score;
  __syncthreads();
  score = 0;
  for (int i = 0; i < kSlices; ++i) score += partial[i][slot];
  score = seen ? score / std::sqrt(static_cast<float>(rows.headWidth)) : -std::numeric_limits<float>::infinity();

  // Every slice has all places' scores, and so the same results.
  const float highestOfWarp = highestInWarp(score);
  if (lane == 0) highest[warp] = highestOfWarp;
  __syncthreads();
  float highestOfAll = highest[0];
  for (int i = 1; i < kSplitPlaces / kLanes; ++i) highestOfAll = highest[i] > highestOfAll ? highest[i] : highestOfAll;
  const float weight = seen ? std::exp(score - highestOfAll) : 0.0f;
  const float sumOfWarp = sumInWarp(weight);
  if (lane == 0) sums[warp] = sumOfWarp;
  if (slice == 0) weights[slot] = weight;
  __syncthreads();
  if (threadIdx.x == 0) {
    float sum = 0;
    for (int i = 0; i < kSplitPlaces / kLanes; ++i) sum += sums[i];
    splits.highest[index] = highestOfAll;
    splits.sum[index] = sum;
  }

  // Each warp has every kSplitWarps-th place, its lanes neighbouring elements of the head.
  const int from = static_cast<int>(first > base ? first - base : 0);
  const int to = static_cast<int>(last - base < kSplitPlaces - 1 ? last - base : kSplitPlaces - 1);
  for (int64_t begin = 0; begin < rows.headWidth; begin += kMixedTogether) {
    const int count =
        static_cast<int>(rows.headWidth - begin < kMixedTogether ? rows.headWidth - begin : kMixedTogether);
    for (int element = lane; element < count; element += kLanes) {
      float sum = 0;
      GPTORCH_UNROLL
      for (int i = warp; i < kSplitPlaces; i += kSplitWarps) {
        if (i < from || i > to) continue;
        const T* value = rows.values + rows.offset(row, head, base + i) + (i % kLength) * rows.headWidth;
        sum += weights[i] * static_cast<float>(value[begin + element]);
      }
      mixed[warp][element] = sum;
    }
    __syncthreads();
    for (int element = static_cast<int>(threadIdx.x); element < count; element += kSplitThreads) {
      float sum = 0;
      for (int i = 0; i < kSplitWarps; ++i) sum += mixed[i][element];
      splits.mixed[index * rows.headWidth + begin + element] = sum;
    }
    __syncthreads();
  }
}

/// A block has a row and a head.
template <typename T>
__global__ void __launch_bounds__(kCombineThreads)
    combineSplits(AttentionRows<T> rows, AttentionSplits splits, float* output) {
  const int64_t head = blockIdx.x % rows.heads, row = splits.firstRow + blockIdx.x / rows.heads;
  if (!rows.isAsked(row)) return;
  const int64_t sequence = rows.sequences[row];
  float* to = output + (rows.lastOnly ? sequence : row) * rows.inner() + head * rows.headWidth;
  if (sequence < 0) {
    for (int64_t d = threadIdx.x; d < rows.headWidth; d += kCombineThreads) to[d] = 0;
    return;
  }
  const int64_t base = blockIdx.x * splits.count;
  const int64_t from = base + rows.firstSeen(row) / kSplitPlaces, end = base + rows.positions[row] / kSplitPlaces + 1;
  float highest = splits.highest[from];
  for (int64_t i = from + 1; i < end; ++i) highest = splits.highest[i] > highest ? splits.highest[i] : highest;
  float sum = 0;
  for (int64_t i = from; i < end; ++i) sum += std::exp(splits.highest[i] - highest) * splits.sum[i];
  for (int64_t d = threadIdx.x; d < rows.headWidth; d += kCombineThreads) {
    float mixed = 0;
    GPTORCH_UNROLL
    for (int64_t i = from; i < end; ++i) {
      mixed += std::exp(splits.highest[i] - highest) * splits.mixed[i * rows.headWidth + d];
    }
    to[d] = mixed / sum;
  }
}

}  // namespace gptorch::ops
