#if defined(__x86_64__)
#include "ops/packed_product/tile_kernels_of.h"
#include "ops/simd/avx2.h"

namespace gptorch::ops {

TileKernels avx2TileKernels() { return tileKernelsOf<Avx2>(); }

}  // namespace gptorch::ops
#endif
