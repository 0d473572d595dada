#include "ops/device_graph/device_graph.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace gptorch::ops {

namespace {

std::atomic<bool> standsIn = false;

bool standsInFor(const c10::Device& device) { return standsIn && device.is_cpu(); }

/// In the place of a device's recording.
class RepeatedCalls final : public DeviceGraph {
 public:
  void capture(const std::function<void()>& work) override { work_ = work; }
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

std::optional<c10::OperatorHandle> findMaker(const c10::Device& device) {
  const std::string type = c10::DeviceTypeName(device.type(), /*lower_case=*/true);
  return c10::Dispatcher::singleton().findSchema({kDeviceGraphMaker, type});
}

}  // namespace

bool hasDeviceGraphs(const c10::Device& device) { return standsInFor(device) || findMaker(device).has_value(); }

void standInForDeviceGraphs(bool on) { standsIn = on; }

std::unique_ptr<DeviceGraph> makeDeviceGraph(const c10::Device& device, const DeviceGraph* sharing) {
  if (standsInFor(device)) return std::make_unique<RepeatedCalls>();
  const auto op = findMaker(device);
  if (!op) return nullptr;
  const auto make = reinterpret_cast<DeviceGraphMaker>(op->typed<int64_t()>().call());
  return make(device, sharing);
}

}  // namespace gptorch::ops
