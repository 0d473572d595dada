#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

namespace gptorch::ops {

/// The same on every device.
inline void checkDropout(const at::Tensor& input, double p) {
  TORCH_CHECK(p >= 0.0 && p <= 1.0, "dropout: p must be within 0 and 1, not ", p);
  TORCH_CHECK(at::isFloatingType(input.scalar_type()), "dropout: the input must have a floating dtype, not ",
              input.scalar_type());
}

}  // namespace gptorch::ops
