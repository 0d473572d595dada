#pragma once

#include <cstdint>

#include "ops/dropout/mask.h"

namespace gptorch::ops {

/// Writes the dropout of `input` to `output`, on the current device and stream.
/// T: float, double, c10::BFloat16, c10::Half
template <typename T>
void dropOnDevice(const T* input, T* output, int64_t numel, const DropoutMask& mask);

}  // namespace gptorch::ops
