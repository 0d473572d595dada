#include "engine/device_streams.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>

namespace gptorch {

void DeviceStreams::enter(const c10::Device& device) {
  const c10::DeviceIndex index = device.has_index() ? device.index() : c10::DeviceIndex{0};
  if (index == current_) return;
  const c10::Device indexed(device.type(), index);
  const c10::impl::VirtualGuardImpl guard(device.type());
  guard.setDevice(indexed);
  if (std::find(entered_.begin(), entered_.end(), indexed) == entered_.end()) {
    guard.exchangeStream(guard.getStreamFromGlobalPool(indexed));
    entered_.push_back(indexed);
  }
  current_ = index;
}

}  // namespace gptorch
