#if defined(__x86_64__)
#include "ops/block_attention/attention_kernels_of.h"
#include "ops/simd/avx2.h"

namespace gptorch::ops {

AttentionKernels avx2AttentionKernels() { return attentionKernelsOf<Avx2>(); }

}  // namespace gptorch::ops
#endif
