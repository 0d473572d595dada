#pragma once

#include <cstdint>

namespace gptorch::ops {

/// Elements below which a second thread costs more than it gives (ATen's own GRAIN_SIZE).
constexpr int64_t kGrain = 32768;

}  // namespace gptorch::ops
