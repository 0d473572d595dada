#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "engine/cell.h"
#include "engine/device_event.h"
#include "engine/device_streams.h"
#include "engine/event_waiter.h"
#include "engine/item.h"
#include "engine/plan.h"
#include "engine/queue.h"
#include "engine/session.h"

namespace gptorch {

/// The one thread that owns every tensor and makes every libtorch call, in the order of the calls.
///
/// There is one engine in a process. It is never destroyed: at exit its thread is kept still, because tearing
/// libtorch down under a running operation aborts the process.
class Engine {
 public:
  static Engine& instance();

  /// Queues an operation; never blocks. `alwaysEnters` passes over the limit, and what is larger than the limit of
  /// bytes enters when nothing else with bytes waits.
  /// Throws Error(QueueFull) before any effect.
  void submit(Item item, bool alwaysEnters);

  /// Makes the output slots of a plan and queues it, or records it where the session's function is being captured.
  /// JavaScript thread of `session`.
  /// @param call the name that errors of recording name
  std::vector<SlotRef> submit(const SessionRef& session, const std::string& call, Plan plan);

  /// Calls `done` on the engine thread once the queue is below half its limits (at once if it is).
  void whenDrained(std::function<void()> done);

  void setLimits(size_t operations, size_t bytes);
  /// Takes effect on the engine thread, in order with the queue.
  void setThreads(int count);
  int threads() const { return threads_; }
  size_t queuedOperations();

  /// Engine thread, between two parts of a long operation: stands still while the engine is paused.
  void rest() { queue_.rest(); }

  /// Engine thread, from an item's work: whether what was just computed may still be under way on a device.
  bool computesElsewhere(const c10::Device& device) const { return !device.is_cpu() || DeviceEvent::isDelayed(); }

  /// Engine thread, from an item's work: calls `done` on another thread once all devices have done what they were given
  /// so far, and the engine goes on meanwhile; at once where there is no device. In the order of the calls.
  /// @param failed told instead when a device failed; nothing is computed after it
  void afterDevices(std::function<void()> done, std::function<void(const FailureRef&)> failed);

  /// JavaScript thread of a session whose environment ends: drops what it left in the queue and waits up to 2 s for the
  /// operation of it that is under way.
  void end(const SessionRef& session);

  /// JavaScript's main thread, when the process is about to end: waits up to 2 s for the current operation and begins
  /// no other until `resume`.
  void pauseForExit();
  void resume();

 private:
  Engine();
  void loop();
  void execute(Item& item);
  FailureRef attempt(Item& item);
  /// Queues what frees memory, or takes a note. Any thread.
  void onEngine(std::function<void()> work);
  bool pause();
  void beFirstAtExit();
  static void atExit(int status, void* engine);

  Queue<Item> queue_;
  std::atomic<int> threads_;
  std::thread thread_;
  /// The engine thread's own.
  DeviceStreams streams_;
  EventWaiter<DeviceEvent> waiter_;
  /// A device's failure that is not for lack of memory: nothing runs after it but what frees memory.
  FailureRef broken_;
};

}  // namespace gptorch
