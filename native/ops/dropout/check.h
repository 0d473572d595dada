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

/// (3) int64, where the input lies.
inline void checkDropoutKey(const at::Tensor& input, const at::Tensor& key) {
  TORCH_CHECK(key.scalar_type() == at::kLong && key.dim() == 1 && key.size(0) == 3 && key.is_contiguous() &&
                  key.device() == input.device(),
              "dropout: the key must be seed, step and ordinal in int64, on the input's device");
}

}  // namespace gptorch::ops
