#if defined(__x86_64__)
#define GPTORCH_SIMD "ops/simd/avx2.h"
#include "ops/block_attention/attention_kernels_of.h"

namespace gptorch::ops {

AttentionKernels avx2AttentionKernels() { return attentionKernelsOf<Avx2>(); }

}  // namespace gptorch::ops
#endif
