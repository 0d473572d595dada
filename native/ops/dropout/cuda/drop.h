#pragma once

#include <cstdint>

#include "ops/dropout/mask.h"

namespace gptorch::ops {

/// Writes the dropout of `input` to `output`, on the current device and stream.
/// @param key null, or where on the device the key is that the mask's ordinal stands behind
/// T: float, double, c10::BFloat16, c10::Half
template <typename T>
void dropOnDevice(const T* input, T* output, int64_t numel, const DropoutMask& mask, const int64_t* key);

}  // namespace gptorch::ops
