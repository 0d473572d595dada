#pragma once

#include "ops/packed_product/packed_weight.h"
#include "ops/packed_product/tile_kernels.h"

namespace gptorch::ops {

/// output (rows, out) = finish(input (rows, in) · weight + bias) + residual (rows, out); both contiguous float32, the
/// residual may be null or the output itself.
///
/// The weights are read once, however many rows there are. A row's result is the same to the bit whatever rows and
/// threads are beside it.
void packedProduct(const float* input, int64_t rows, const PackedWeight& weight, Finish finish, const float* residual,
                   float* output);

}  // namespace gptorch::ops
