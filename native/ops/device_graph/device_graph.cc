#include "ops/device_graph/device_graph.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdint>

namespace gptorch::ops {

std::unique_ptr<DeviceGraph> makeDeviceGraph(const c10::Device& device, const DeviceGraph* sharing) {
  const std::string type = c10::DeviceTypeName(device.type(), /*lower_case=*/true);
  const auto op = c10::Dispatcher::singleton().findSchema({kDeviceGraphMaker, type});
  if (!op) return nullptr;
  const auto make = reinterpret_cast<DeviceGraphMaker>(op->typed<int64_t()>().call());
  return make(device, sharing);
}

}  // namespace gptorch::ops
