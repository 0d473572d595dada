#pragma once

#include <cstdint>

namespace gptorch::ops {

/// Layer norm of each row, (rows, width) to (rows, width), which may be the same. A row's result is the same to the bit
/// whatever rows are beside it.
void rowNorm(const float* input, int64_t rows, int64_t width, const float* weight, const float* bias, double eps,
             float* output);

}  // namespace gptorch::ops
