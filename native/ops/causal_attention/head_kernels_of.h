#pragma once

// The kernels of head_kernels.h, once for all instruction sets: templates over the class of ops/simd whose header
// GPTORCH_SIMD names.
#include GPTORCH_SIMD

#include "ops/causal_attention/backward_of.h"
#include "ops/causal_attention/forward_of.h"

namespace gptorch::ops::causal_attention {

template <class S>
HeadKernels<typename S::Element> headKernelsOf() {
  return {forward<S>, backward<S>};
}

}  // namespace gptorch::ops::causal_attention
