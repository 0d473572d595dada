#if defined(__x86_64__)
#define GPTORCH_SIMD "ops/simd/avx512.h"
#include "ops/dropout/drop_kernels_of.h"

namespace gptorch::ops {

DropKernels avx512DropKernels() { return dropKernelsOf<Avx512>(); }

}  // namespace gptorch::ops
#endif
