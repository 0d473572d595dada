#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "ops/dropout/cuda/drop.h"
#include "ops/dropout/cuda/drop_lanes.cuh"

namespace gptorch::ops {

template <typename T>
void dropOnDevice(const T* input, T* output, int64_t numel, const DropoutMask& mask, const int64_t* key) {
  if (numel == 0) return;
  const int64_t lanes = (numel + DropoutMask::kChunk - 1) / DropoutMask::kChunk * DropoutMask::kLanes;
  const auto blocks = static_cast<unsigned int>((lanes + kDropThreads - 1) / kDropThreads);
  dropLanes<T><<<blocks, kDropThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(input, output, numel, mask, key);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template void dropOnDevice(const float*, float*, int64_t, const DropoutMask&, const int64_t*);
template void dropOnDevice(const double*, double*, int64_t, const DropoutMask&, const int64_t*);
template void dropOnDevice(const c10::BFloat16*, c10::BFloat16*, int64_t, const DropoutMask&, const int64_t*);
template void dropOnDevice(const c10::Half*, c10::Half*, int64_t, const DropoutMask&, const int64_t*);

}  // namespace gptorch::ops
