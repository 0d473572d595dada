#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace gptorch::ops {

/// Work of a device, recorded once and sent to it again by one call. Belongs to the thread that computes.
///
/// What the work reads and writes are places in memory: a later replay computes from what stands there then. Tensors
/// that the work makes live in memory of the graph's own. They are filled by each replay, and by the next one anew.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;

  /// Runs `work` once while the current stream, which must not be the default one, records: nothing is computed. Once
  /// for each graph.
  ///
  /// All that `work` needs must have been computed with before, so that libraries have their workspaces; it must not
  /// wait for the device, nor read from it.
  /// Throws what `work` throws, or c10::Error when the device refused to record something; the stream then goes on as
  /// before.
  virtual void capture(const std::function<void()>& work) = 0;

  /// Sends the work to the current stream.
  virtual void replay() = 0;
};

/// `sharing`: null, or a graph of the same device whose memory is used. A replay of one then spoils what the other
/// gave; both must be replayed on one stream.
using DeviceGraphMaker = std::unique_ptr<DeviceGraph> (*)(const c10::Device& device, const DeviceGraph* sharing);

/// Null where the device has none, as a CPU.
std::unique_ptr<DeviceGraph> makeDeviceGraph(const c10::Device& device, const DeviceGraph* sharing = nullptr);

/// Whether makeDeviceGraph gives one.
bool hasDeviceGraphs(const c10::Device& device);

/// For tests, which have no device: the CPU then has graphs, which make the calls again that they were given.
void standInForDeviceGraphs(bool on);

/// The operator under which a device's library says, as a number, where its DeviceGraphMaker is; its overload is named
/// as the device, in small letters. Such a library may be opened before ours, and they know each other through torch's
/// dispatcher alone.
constexpr const char* kDeviceGraphMaker = "gptorch::device_graph_maker";

}  // namespace gptorch::ops
