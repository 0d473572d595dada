#pragma once

#include <ATen/core/Tensor.h>

namespace gptorch::ops {

/// A contiguous copy of a matrix's transpose: (rows, columns) on the CPU -> (columns, rows).
/// For contiguous float32 faster than torch's own, which does not use more than one thread.
at::Tensor transposedCopy(const at::Tensor& matrix);

}  // namespace gptorch::ops
