#define GPTORCH_SIMD "ops/simd/generic.h"
#include "ops/dropout/drop_kernels_of.h"

namespace gptorch::ops {

DropKernels genericDropKernels() { return dropKernelsOf<Generic>(); }

}  // namespace gptorch::ops
