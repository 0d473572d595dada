#if defined(__x86_64__)
// GCC 12 takes the undefined operand inside its own intrinsics for ours.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#define GPTORCH_SIMD "ops/simd/avx512.h"
#include "ops/packed_product/tile_kernels_of.h"

namespace gptorch::ops {

TileKernels avx512TileKernels() { return tileKernelsOf<Avx512>(); }

}  // namespace gptorch::ops
#endif
