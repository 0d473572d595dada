#define GPTORCH_SIMD "ops/simd/generic.h"
#include "ops/block_attention/attention_kernels_of.h"

namespace gptorch::ops {

AttentionKernels genericAttentionKernels() { return attentionKernelsOf<Generic>(); }

}  // namespace gptorch::ops
