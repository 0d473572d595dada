#if defined(__x86_64__)
#define GPTORCH_SIMD "ops/simd/avx2.h"
#include "ops/causal_attention/head_kernels_of.h"

namespace gptorch::ops::causal_attention {

HeadKernels<float> avx2HeadKernels() { return headKernelsOf<Avx2>(); }

}  // namespace gptorch::ops::causal_attention
#endif
