#include "ops/packed_product/tile_kernels_of.h"
#include "ops/simd/generic.h"

namespace gptorch::ops {

TileKernels genericTileKernels() { return tileKernelsOf<Generic>(); }

}  // namespace gptorch::ops
