#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace gptorch {

/// How recorded work is done again: call by call, or, on a device that records launches, by sending those it recorded.
/// Free of torch, so that it is tested alone. `DeviceGraph` has `capture(work)` and `replay()`.
///
/// The first replays execute the work, which are real ones: libraries make their workspaces and caches in them. The
/// next has the device record it, and launches what was recorded; those after it launch.
template <typename DeviceGraph>
class Replayer {
 public:
  static constexpr int kExecuted = 2;

  /// @param make gives null where the device records nothing; called once, on the engine's thread
  void setMaker(std::function<std::unique_ptr<DeviceGraph>()> make) { make_ = std::move(make); }

  /// Engine thread. A capture that fails, fails its replay; those after it execute the work.
  void replay(const std::function<void()>& execute) {
    if (!graph_ && executed_ >= kExecuted && make_) capture(execute);
    if (!graph_) {
      execute();
      if (executed_ < kExecuted) ++executed_;
      return;
    }
    graph_->replay();
    ++launches_;
  }

  /// Engine thread: whether the next replay is one of what a device records, or will be the one that it records.
  bool records() const { return graph_ || (executed_ >= kExecuted && make_); }

  /// Engine thread: frees what the device recorded; replays execute from now on.
  void reset() {
    graph_.reset();
    make_ = nullptr;
  }

  /// Any thread: how many replays were one launch.
  int64_t launches() const { return launches_; }

  /// Engine thread: whether a capture has failed.
  bool refused() const { return refused_; }
  /// Engine thread: what the device recorded, or null.
  const DeviceGraph* graph() const { return graph_.get(); }

 private:
  void capture(const std::function<void()>& execute) {
    const auto make = std::exchange(make_, nullptr);
    std::unique_ptr<DeviceGraph> graph = make();
    if (!graph) return;
    refused_ = true;
    graph->capture(execute);
    refused_ = false;
    graph_ = std::move(graph);
  }

  std::function<std::unique_ptr<DeviceGraph>()> make_;
  std::unique_ptr<DeviceGraph> graph_;
  int executed_ = 0;
  bool refused_ = false;
  std::atomic<int64_t> launches_{0};
};

}  // namespace gptorch
