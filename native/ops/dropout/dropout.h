#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace gptorch::ops {

/// Inverted dropout (Srivastava et al. 2014): zeroes each element with probability p, scales the rest by 1 / (1 - p).
///
/// The mask is a function of (seed, step, ordinal) and the element's place, and is drawn anew in the backward pass
/// rather than stored. p is taken in steps of 2^-16; the scale uses the probability really applied.
at::Tensor dropout(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal);

/// The same with a key that is read when the device comes to it: `key` (3) int64 on the input's device holds seed, step
/// and the ordinal of draw 0. So recorded launches draw anew each time.
at::Tensor dropout(const at::Tensor& input, double p, const at::Tensor& key, int64_t draw);

}  // namespace gptorch::ops
