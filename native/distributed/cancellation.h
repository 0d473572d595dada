#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace gptorch {

/// Lets one thread end another's wait. Free of torch, and the same in both libraries that share one.
class Cancellation {
 public:
  /// Any thread, any number of times.
  void cancel() {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    changed_.notify_all();
  }

  bool isCancelled() {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  /// Any thread: what `wait` waits for may be there.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
    }
    changed_.notify_all();
  }

  /// Waits until `isDone()`; false when it was cancelled first. Whatever changes that must call `wake` then.
  template <typename Predicate>
  bool wait(Predicate isDone) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled_ || isDone(); });
    return isDone();
  }

  /// False when it was cancelled meanwhile.
  bool sleep(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, duration, [this] { return cancelled_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
};

}  // namespace gptorch
