#if defined(__x86_64__)
#define GPTORCH_SIMD "ops/simd/avx2.h"
#include "ops/packed_product/tile_kernels_of.h"

namespace gptorch::ops {

TileKernels avx2TileKernels() { return tileKernelsOf<Avx2>(); }

}  // namespace gptorch::ops
#endif
