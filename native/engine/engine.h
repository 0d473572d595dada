#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "engine/cell.h"
#include "engine/device_streams.h"
#include "engine/plan.h"
#include "engine/queue.h"
#include "engine/session.h"

namespace gptorch {

/// One queued operation.
struct Item {
  SessionRef session;
  Modes modes;
  std::vector<CellRef> reads;
  std::vector<CellRef> writes;
  std::vector<CellRef> overwrites;
  /// Runs on the engine thread; throws to fail.
  std::function<void()> work;
  /// Told instead of marking cells, for operations that somebody awaits.
  std::function<void(const FailureRef&)> onFailure;
  /// Changes nothing but its results, so it can be tried again. Random draws are keyed: a second try draws the same.
  bool repeatable = false;
  /// The accelerator that it computes on; none: the CPU.
  std::optional<at::Device> device;
  /// Only frees memory: it runs even when its session has ended, and counts against no limit.
  bool frees = false;
  /// What the call itself holds (uploads).
  size_t bytes = 0;
  /// What its results will hold.
  int64_t resultBytes = 0;

  const void* owner() const { return session.get(); }
};

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

  /// Makes the output slots of a plan and queues it. JavaScript thread of `session`.
  std::vector<SlotRef> submit(const SessionRef& session, Plan plan);

  /// Calls `done` on the engine thread once the queue is below half its limits (at once if it is).
  void whenDrained(std::function<void()> done);

  void setLimits(size_t operations, size_t bytes);
  /// Takes effect on the engine thread, in order with the queue.
  void setThreads(int count);
  int threads() const { return threads_; }
  size_t queuedOperations();

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
  void beFirstAtExit();
  static void atExit(int status, void* engine);

  Queue<Item> queue_;
  std::atomic<int> threads_;
  std::thread thread_;
  /// The engine thread's own.
  DeviceStreams streams_;
  /// A device's failure that is not for lack of memory: nothing runs after it but what frees memory.
  FailureRef broken_;
};

}  // namespace gptorch
