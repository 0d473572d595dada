#pragma once

#include <atomic>
#include <memory>

#include "distributed/communicator.h"

namespace gptorch {

/// One process's membership of a group of ranks. Joining, collectives and leaving run on the engine's thread, in order
/// with the queue.
class ProcessGroup {
 public:
  explicit ProcessGroup(GroupOptions options);
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;
  ~ProcessGroup();

  const GroupOptions& options() const { return options_; }

  /// Opens libgptorch_distributed and meets the other ranks.
  /// Throws Error(ProcessGroup).
  void join();
  void leave();

  /// Makes collectives. Throws Error(ProcessGroup) before `join` and after `leave`.
  template <typename Call>
  void use(Call call) {
    const Busy busy(*this);
    call(joined());
  }

  /// Any thread: ends the wait that is under way, and all later ones.
  void cancel();

 private:
  /// While the engine's thread waits for other ranks.
  struct Busy {
    explicit Busy(ProcessGroup& owner) : group(owner) { group.busy_ = true; }
    ~Busy() { group.busy_ = false; }
    ProcessGroup& group;
  };

  Communicator& joined();

  const GroupOptions options_;
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  std::atomic<bool> busy_{false};
  std::unique_ptr<Communicator> communicator_;
};

}  // namespace gptorch
