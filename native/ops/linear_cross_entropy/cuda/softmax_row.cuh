#pragma once

// The kernel alone, so that test/native can run it without CUDA. Who includes it defines CUDA_KERNEL_ASSERT.
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "ops/linear_cross_entropy/cuda/softmax_rows.h"
#include "ops/linear_cross_entropy/exponential_sum.h"

namespace gptorch::ops {

constexpr int kWarp = 32;
constexpr int kRowThreads = 512;
constexpr int kWarps = kRowThreads / kWarp;

template <typename T>
using Computed = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// What a thread reads or writes at once.
template <typename T>
struct alignas(16) Pack {
  static constexpr int kCount = 16 / sizeof(T);
  T values[kCount];
};

/// Calls visit(column, value) for each of the thread's columns of a row; `value` is written back where `write` is set.
template <bool write, typename T, typename Visit>
__device__ void visitRow(T* row, int64_t columns, const Visit& visit) {
  constexpr int kCount = Pack<T>::kCount;
  auto* packs = reinterpret_cast<Pack<T>*>(row);
  const int64_t whole = columns / kCount;
  for (int64_t i = threadIdx.x; i < whole; i += kRowThreads) {
    Pack<T> pack = packs[i];
    for (int k = 0; k < kCount; ++k) visit(i * kCount + k, pack.values[k]);
    if constexpr (write) packs[i] = pack;
  }
  for (int64_t j = whole * kCount + threadIdx.x; j < columns; j += kRowThreads) {
    T value = row[j];
    visit(j, value);
    if constexpr (write) row[j] = value;
  }
}

template <typename A>
__device__ ExponentialSum<A> joinedInWarp(ExponentialSum<A> mine) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    ExponentialSum<A> other;
    other.highest = __shfl_xor_sync(0xffffffffu, mine.highest, distance);
    other.sum = __shfl_xor_sync(0xffffffffu, mine.sum, distance);
    mine.join(other);
  }
  return mine;
}

/// Every thread of the block gets the sum over all of them. Passes a barrier.
template <typename A>
__device__ ExponentialSum<A> joinedInBlock(ExponentialSum<A> mine) {
  // Two plain arrays: shared memory runs no constructors.
  __shared__ A highest[kWarps], sum[kWarps];
  mine = joinedInWarp(mine);
  if (threadIdx.x % kWarp == 0) {
    highest[threadIdx.x / kWarp] = mine.highest;
    sum[threadIdx.x / kWarp] = mine.sum;
  }
  __syncthreads();
  ExponentialSum<A> all;
  for (int warp = 0; warp < kWarps; ++warp) {
    ExponentialSum<A> one;
    one.highest = highest[warp];
    one.sum = sum[warp];
    all.join(one);
  }
  return all;
}

/// A block has a row.
template <typename T>
__global__ void __launch_bounds__(kRowThreads)
    softmaxRow(LogitRows<T> logits, RowTargets rows, double* losses, bool gradient) {
  using A = Computed<T>;
  const int64_t index = blockIdx.x;
  T* row = logits.data + index * logits.stride;
  const int64_t target = rows.targets[index];
  if (target == rows.ignoreIndex) {
    if (threadIdx.x == 0) losses[index] = 0;
    if (gradient) visitRow<true>(row, logits.columns, [](int64_t, T& value) { value = T(0); });
    return;
  }
  CUDA_KERNEL_ASSERT(target >= 0 && target < logits.columns &&
                     "linear_cross_entropy: a target is outside the vocabulary");

  ExponentialSum<A> mine;
  visitRow<false>(row, logits.columns, [&](int64_t, T& value) { mine.add(static_cast<A>(value)); });
  // Read before the barrier: behind it others overwrite the row.
  const A targetLogit = threadIdx.x == 0 ? static_cast<A>(row[target]) : A(0);
  const ExponentialSum<A> all = joinedInBlock(mine);
  if (threadIdx.x == 0) {
    losses[index] =
        log(static_cast<double>(all.sum)) + static_cast<double>(all.highest) - static_cast<double>(targetLogit);
  }
  if (!gradient) return;
  const A scale = static_cast<A>(*rows.scale) * (rows.weights ? static_cast<A>(rows.weights[index]) : A(1));
  const A factor = scale / all.sum;
  visitRow<true>(row, logits.columns, [&](int64_t column, T& value) {
    const A probability = std::exp(static_cast<A>(value) - all.highest) * factor;
    value = static_cast<T>(column == target ? probability - scale : probability);
  });
}

}  // namespace gptorch::ops
