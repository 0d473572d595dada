#pragma once

#include <c10/core/Device.h>

#include <vector>

namespace gptorch {

/// A stream of each accelerator's pool for the thread that owns this. The default stream cannot be captured in a graph.
class DeviceStreams {
 public:
  /// Makes `device` and our stream of it current on this thread.
  void enter(const c10::Device& device);

  /// The devices that work went to so far.
  const std::vector<c10::Device>& entered() const { return entered_; }

 private:
  c10::DeviceIndex current_ = -1;
  /// Those whose stream of ours is current.
  std::vector<c10::Device> entered_;
};

}  // namespace gptorch
