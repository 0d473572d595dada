#include "ops/block_attention/attention_kernels_of.h"
#include "ops/simd/generic.h"

namespace gptorch::ops {

AttentionKernels genericAttentionKernels() { return attentionKernelsOf<Generic>(); }

}  // namespace gptorch::ops
