#pragma once

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>

#include "engine/session.h"

namespace gptorch {

/// Sets torch's thread-local modes for one operation.
class ModeGuard {
 public:
  explicit ModeGuard(const Modes& modes) : gradMode_(modes.gradEnabled), autocast_(modes.autocast.has_value()) {
    if (!autocast_) return;
    for (const auto device : kDevices) {
      at::autocast::set_autocast_enabled(device, true);
      at::autocast::set_autocast_dtype(device, *modes.autocast);
    }
    // A cached cast would outlive the weight it was made of; steps change weights between calls.
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~ModeGuard() {
    if (!autocast_) return;
    for (const auto device : kDevices) at::autocast::set_autocast_enabled(device, false);
  }
  ModeGuard(const ModeGuard&) = delete;
  ModeGuard& operator=(const ModeGuard&) = delete;

 private:
  static constexpr at::DeviceType kDevices[] = {at::kCPU, at::kCUDA};
  at::AutoGradMode gradMode_;
  bool autocast_;
};

}  // namespace gptorch
