#if defined(__x86_64__)
#define GPTORCH_SIMD "ops/simd/avx2.h"
#include "ops/dropout/drop_kernels_of.h"

namespace gptorch::ops {

DropKernels avx2DropKernels() { return dropKernelsOf<Avx2>(); }

}  // namespace gptorch::ops
#endif
