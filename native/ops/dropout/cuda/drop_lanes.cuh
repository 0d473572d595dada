#pragma once

// The kernel alone, so that test/native can run it without CUDA.
#include <cstdint>

#include "ops/dropout/mask.h"

namespace gptorch::ops {

constexpr int kDropThreads = 256;

/// A thread has a lane of a chunk: neighbouring threads read and write neighbouring elements, eight times.
/// @param key null, or what the mask's ordinal stands behind; see DropoutMask::behind
template <typename T>
__global__ void dropLanes(const T* input, T* output, int64_t numel, DropoutMask mask, const int64_t* key) {
  using Mask = DropoutMask;
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kDropThreads + threadIdx.x;
  const int64_t chunk = thread / Mask::kLanes;
  const int lane = static_cast<int>(thread % Mask::kLanes);
  if (Mask::placeOf(chunk, 0, lane) >= numel) return;

  if (key != nullptr) mask = mask.behind(key);
  float factor[Mask::kPerLane][1];
  mask.factors(Mask::counterOf(chunk, lane), factor);
  for (int k = 0; k < Mask::kPerLane; ++k) {
    const int64_t place = Mask::placeOf(chunk, k, lane);
    if (place < numel) output[place] = Mask::apply(factor[k][0], input[place]);
  }
}

}  // namespace gptorch::ops
