#pragma once

#include <c10/core/Device.h>

#include <vector>

namespace gptorch {

/// A stream of each accelerator's pool for the thread that owns this. The default stream cannot be captured in a graph.
class DeviceStreams {
 public:
  /// Makes `device` and our stream of it current on this thread.
  void enter(const c10::Device& device);

 private:
  c10::DeviceIndex current_ = -1;
  /// Device indices whose stream is current.
  std::vector<c10::DeviceIndex> entered_;
};

}  // namespace gptorch
