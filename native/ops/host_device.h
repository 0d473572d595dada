#pragma once

/// For what CPU and CUDA kernels share: inlined on either side.
#if defined(__CUDACC__)
#define GPTORCH_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define GPTORCH_HOST_DEVICE inline __attribute__((always_inline))
#endif
