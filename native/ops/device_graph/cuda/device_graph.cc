#include "ops/device_graph/device_graph.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/DeviceGuard.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#include <torch/library.h>

#include <utility>

namespace gptorch::ops {

namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

/// What a device says to calls that cannot be recorded. They spoil the capture, not the device.
bool isOfCapture(int32_t error) {
  return error >= cudaErrorStreamCaptureUnsupported && error <= cudaErrorStreamCaptureWrongThread;
}

[[noreturn]] void refuse(const char* why) {
  TORCH_CHECK(false,
              "a CUDA graph cannot be made of this work, which waits for the device or is of another stream: ", why);
}

/// While it lives the stream records, and what is allocated on it comes from the pool.
class Recording {
 public:
  Recording(c10::cuda::CUDAStream stream, c10::MempoolId_t pool) : stream_(stream), pool_(std::move(pool)) {
    allocator::beginAllocateToPool(stream_.device_index(), pool_,
                                   [stream = stream_.stream()](cudaStream_t other) { return other == stream; });
    // Other threads, as the one that waits for reads, may call what this one must not.
    const cudaError_t error = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal);
    if (error != cudaSuccess) allocator::endAllocateToPool(stream_.device_index(), pool_);
    C10_CUDA_CHECK(error);
  }
  ~Recording() {
    if (!records_) return;
    const cudaGraph_t unfinished = end().second;
    if (unfinished != nullptr) cudaGraphDestroy(unfinished);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// The caller owns the graph.
  cudaGraph_t finish() {
    const auto [error, graph] = end();
    if (isOfCapture(error)) refuse(cudaGetErrorString(error));
    C10_CUDA_CHECK(error);
    return graph;
  }

 private:
  std::pair<cudaError_t, cudaGraph_t> end() {
    records_ = false;
    cudaGraph_t graph = nullptr;
    const cudaError_t error = cudaStreamEndCapture(stream_, &graph);
    // Told to the caller; it must not come up again at the next call that asks for the last error.
    if (error != cudaSuccess) static_cast<void>(cudaGetLastError());
    allocator::endAllocateToPool(stream_.device_index(), pool_);
    return {error, graph};
  }

  c10::cuda::CUDAStream stream_;
  c10::MempoolId_t pool_;
  bool records_ = true;
};

/// As at::cuda::CUDAGraph without its generators, for ours are keyed: after a failed capture that class leaves torch's
/// generator as if it still recorded, and its pool taken.
class CudaGraph final : public DeviceGraph {
 public:
  CudaGraph(const c10::Device& device, const DeviceGraph* sharing)
      : device_(device),
        pool_(sharing == nullptr ? at::cuda::graph_pool_handle() : static_cast<const CudaGraph*>(sharing)->pool_) {}

  ~CudaGraph() override {
    // Errors of destruction have nobody to be told to; a launch that is under way is finished by the device first.
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
    if (began_) allocator::releasePool(device_.index(), pool_);
  }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  void capture(const std::function<void()>& work) override {
    TORCH_CHECK(!began_, "a CUDA graph is captured once");
    const c10::DeviceGuard guard(device_);
    const cudaGraph_t graph = record(work);
    const cudaError_t error = cudaGraphInstantiate(&executable_, graph, cudaGraphInstantiateFlagAutoFreeOnLaunch);
    cudaGraphDestroy(graph);
    C10_CUDA_CHECK(error);
  }

  void replay() override {
    TORCH_CHECK(executable_ != nullptr, "a CUDA graph is captured before it is replayed");
    const c10::DeviceGuard guard(device_);
    C10_CUDA_CHECK(cudaGraphLaunch(executable_, c10::cuda::getCurrentCUDAStream()));
  }

 private:
  cudaGraph_t record(const std::function<void()>& work) {
    try {
      Recording recording(c10::cuda::getCurrentCUDAStream(), pool_);
      began_ = true;
      work();
      return recording.finish();
    } catch (const c10::AcceleratorError& error) {
      if (!isOfCapture(error.get_error_code())) throw;
      refuse(error.what_without_backtrace());
    }
  }

  c10::Device device_;
  c10::MempoolId_t pool_;
  /// The pool is taken.
  bool began_ = false;
  cudaGraphExec_t executable_ = nullptr;
};

std::unique_ptr<DeviceGraph> makeCudaGraph(const c10::Device& device, const DeviceGraph* sharing) {
  return std::make_unique<CudaGraph>(device, sharing);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def("device_graph_maker.cuda() -> int", []() { return reinterpret_cast<int64_t>(&makeCudaGraph); });
}

}  // namespace gptorch::ops
