#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/macros/Macros.h>
#include <c10/util/BFloat16.h>

#include "ops/block_attention/cuda/attend.cuh"
#include "ops/block_attention/cuda/attend.h"

namespace gptorch::ops {

template <typename T>
void storeRowsOnDevice(const AttentionRows<T>& rows) {
  const int64_t threads = rows.rows * rows.inner();
  if (threads == 0) return;
  const auto blocks = static_cast<unsigned int>((threads + kStoreThreads - 1) / kStoreThreads);
  storeRows<T><<<blocks, kStoreThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(rows);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template <typename T>
void attendOnDevice(const AttentionRows<T>& rows, const AttentionSplits& splits, int64_t count, float* output) {
  const auto heads = static_cast<unsigned int>(count * rows.heads);
  if (heads == 0) return;
  const auto blocks = static_cast<unsigned int>(heads * splits.count);
  const auto stream = c10::cuda::getCurrentCUDAStream();
  attendSplit<T><<<blocks, kSplitThreads, 0, stream>>>(rows, splits);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  combineSplits<T><<<heads, kCombineThreads, 0, stream>>>(rows, splits, output);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template void storeRowsOnDevice(const AttentionRows<float>&);
template void storeRowsOnDevice(const AttentionRows<c10::BFloat16>&);
template void attendOnDevice(const AttentionRows<float>&, const AttentionSplits&, int64_t, float*);
template void attendOnDevice(const AttentionRows<c10::BFloat16>&, const AttentionSplits&, int64_t, float*);

}  // namespace gptorch::ops
