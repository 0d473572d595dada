#include "engine/device_event.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <mutex>

namespace gptorch {

namespace {

std::mutex mutex;
std::optional<DeviceEvent::Delay> delayOfAll;

std::optional<DeviceEvent::Delay> currentDelay() {
  const std::lock_guard lock(mutex);
  return delayOfAll;
}

}  // namespace

DeviceEvent::DeviceEvent(std::span<const c10::Device> devices)
    : delay_(currentDelay()), made_(std::chrono::steady_clock::now()) {
  for (const c10::Device& device : devices) {
    events_.emplace_back(device.type());
    events_.back().record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
  }
}

bool DeviceEvent::ready() const {
  if (delay_) {
    if (std::chrono::steady_clock::now() < made_ + delay_->time) return false;
    if (delay_->fails) throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 0, "planted by a test");
  }
  return std::all_of(events_.begin(), events_.end(), [](const c10::Event& event) { return event.query(); });
}

void DeviceEvent::delayAll(std::optional<Delay> delay) {
  const std::lock_guard lock(mutex);
  delayOfAll = delay;
}

bool DeviceEvent::isDelayed() { return currentDelay().has_value(); }

}  // namespace gptorch
