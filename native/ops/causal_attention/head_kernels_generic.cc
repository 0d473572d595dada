#define GPTORCH_SIMD "ops/simd/generic.h"
#include "ops/causal_attention/head_kernels_of.h"

namespace gptorch::ops::causal_attention {

HeadKernels<float> genericHeadKernels() { return headKernelsOf<Generic>(); }
HeadKernels<double> doubleHeadKernels() { return headKernelsOf<GenericDouble>(); }

}  // namespace gptorch::ops::causal_attention
