#define GPTORCH_SIMD "ops/simd/generic.h"
#include "ops/packed_product/tile_kernels_of.h"

namespace gptorch::ops {

TileKernels genericTileKernels() { return tileKernelsOf<Generic>(); }

}  // namespace gptorch::ops
