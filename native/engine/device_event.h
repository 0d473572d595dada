#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <chrono>
#include <optional>
#include <span>
#include <vector>

namespace gptorch {

/// What devices were given to do up to now.
class DeviceEvent {
 public:
  /// Marks the place in each device's current stream. Engine thread.
  explicit DeviceEvent(std::span<const c10::Device> devices);

  /// Whether all of it is done. Any thread, one at a time.
  /// Throws c10::AcceleratorError when a device failed.
  bool ready() const;

  /// For tests, which have no device: the CPU counts as one that is done so much later, and then may have failed.
  struct Delay {
    std::chrono::milliseconds time;
    bool fails = false;
  };
  static void delayAll(std::optional<Delay> delay);
  static bool isDelayed();

 private:
  std::vector<c10::Event> events_;
  std::optional<Delay> delay_;
  std::chrono::steady_clock::time_point made_;
};

}  // namespace gptorch
