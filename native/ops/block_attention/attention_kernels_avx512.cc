#if defined(__x86_64__)
// GCC 12 takes the undefined operand inside its own intrinsics for ours.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#define GPTORCH_SIMD "ops/simd/avx512.h"
#include "ops/block_attention/attention_kernels_of.h"

namespace gptorch::ops {

AttentionKernels avx512AttentionKernels() { return attentionKernelsOf<Avx512>(); }

}  // namespace gptorch::ops
#endif
