#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/macros/Macros.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Exception.h>
#include <c10/util/Half.h>

#include "ops/linear_cross_entropy/cuda/softmax_row.cuh"
#include "ops/linear_cross_entropy/cuda/softmax_rows.h"

namespace gptorch::ops {

template <typename T>
void softmaxRowsOnDevice(const LogitRows<T>& logits, const RowTargets& rows, double* losses, bool gradient) {
  if (logits.rows == 0) return;
  TORCH_CHECK(reinterpret_cast<uintptr_t>(logits.data) % sizeof(Pack<T>) == 0 && logits.stride % Pack<T>::kCount == 0,
              "internal error: rows of logits are not aligned");
  softmaxRow<T><<<static_cast<unsigned int>(logits.rows), kRowThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
      logits, rows, losses, gradient);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template void softmaxRowsOnDevice(const LogitRows<float>&, const RowTargets&, double*, bool);
template void softmaxRowsOnDevice(const LogitRows<double>&, const RowTargets&, double*, bool);
template void softmaxRowsOnDevice(const LogitRows<c10::BFloat16>&, const RowTargets&, double*, bool);
template void softmaxRowsOnDevice(const LogitRows<c10::Half>&, const RowTargets&, double*, bool);

}  // namespace gptorch::ops
