#include "ops/device_graph/device_graph.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdint>
#include <optional>
#include <string>

namespace gptorch::ops {

namespace {

std::optional<c10::OperatorHandle> findMaker(const c10::Device& device) {
  const std::string type = c10::DeviceTypeName(device.type(), /*lower_case=*/true);
  return c10::Dispatcher::singleton().findSchema({kDeviceGraphMaker, type});
}

}  // namespace

bool hasDeviceGraphs(const c10::Device& device) { return findMaker(device).has_value(); }

std::unique_ptr<DeviceGraph> makeDeviceGraph(const c10::Device& device, const DeviceGraph* sharing) {
  const auto op = findMaker(device);
  if (!op) return nullptr;
  const auto make = reinterpret_cast<DeviceGraphMaker>(op->typed<int64_t()>().call());
  return make(device, sharing);
}

}  // namespace gptorch::ops
