#if defined(__x86_64__)
// GCC 12 takes the undefined operand inside its own intrinsics for ours.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#define GPTORCH_SIMD "ops/simd/avx512.h"
#include "ops/causal_attention/head_kernels_of.h"

namespace gptorch::ops::causal_attention {

HeadKernels<float> avx512HeadKernels() { return headKernelsOf<Avx512>(); }

}  // namespace gptorch::ops::causal_attention
#endif
