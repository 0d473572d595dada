#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "ops/dropout/cuda/drop.h"

namespace gptorch::ops {

namespace {

using Mask = DropoutMask;

constexpr int kThreads = 256;

/// A thread has a lane of a chunk: neighbouring threads read and write neighbouring elements, eight times.
template <typename T>
__global__ void dropLanes(const T* input, T* output, int64_t numel, Mask mask) {
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t chunk = thread / Mask::kLanes;
  const int lane = static_cast<int>(thread % Mask::kLanes);
  if (Mask::placeOf(chunk, 0, lane) >= numel) return;

  float factor[Mask::kPerLane][1];
  mask.factors(Mask::counterOf(chunk, lane), factor);
  for (int k = 0; k < Mask::kPerLane; ++k) {
    const int64_t place = Mask::placeOf(chunk, k, lane);
    if (place < numel) output[place] = Mask::apply(factor[k][0], input[place]);
  }
}

}  // namespace

template <typename T>
void dropOnDevice(const T* input, T* output, int64_t numel, const DropoutMask& mask) {
  if (numel == 0) return;
  const int64_t lanes = (numel + Mask::kChunk - 1) / Mask::kChunk * Mask::kLanes;
  const auto blocks = static_cast<unsigned int>((lanes + kThreads - 1) / kThreads);
  dropLanes<T><<<blocks, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(input, output, numel, mask);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template void dropOnDevice(const float*, float*, int64_t, const DropoutMask&);
template void dropOnDevice(const double*, double*, int64_t, const DropoutMask&);
template void dropOnDevice(const c10::BFloat16*, c10::BFloat16*, int64_t, const DropoutMask&);
template void dropOnDevice(const c10::Half*, c10::Half*, int64_t, const DropoutMask&);

}  // namespace gptorch::ops
