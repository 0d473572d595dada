#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"

namespace gptorch {

/// What stands between the threads that call and the one that works: first in, first out, bounded by a number of
/// operations and by the bytes that they hold. Free of torch, so that it is tested alone.
/// `T` has `bytes`, `frees` (it only frees memory, and counts against no limit of operations) and `owner()`, which says
/// on whose behalf it is.
template <typename T>
class Queue {
 public:
  /// Any thread; never blocks. `alwaysEnters` passes over the limits, and what is larger than the limit of bytes
  /// enters when nothing else with bytes waits.
  /// Throws Error(QueueFull) before any effect.
  void push(T item, bool alwaysEnters) {
    std::unique_lock lock(mutex_);
    const bool tooMany = operations_ >= maxOperations_;
    const bool tooLarge = item.bytes > 0 && bytes_ > 0 && bytes_ + item.bytes > maxBytes_;
    if (!alwaysEnters && (tooMany || tooLarge)) {
      throw Error(ErrorCode::QueueFull, "the engine's queue is full: " + std::to_string(operations_) + " of " +
                                            std::to_string(maxOperations_) + " operations and " +
                                            std::to_string(bytes_) + " of " + std::to_string(maxBytes_) +
                                            " bytes are queued; await engine.drained() before more work");
    }
    if (!item.frees) ++operations_;
    bytes_ += item.bytes;
    items_.push_back(std::move(item));
    lock.unlock();
    wake_.notify_one();
  }

  /// The one consumer, which is done with the item before: waits for the next one. Tells those who wait for space.
  T pop() {
    std::unique_lock lock(mutex_);
    current_ = nullptr;
    still_.notify_all();
    wake_.wait(lock, [this] { return !paused_ && !items_.empty(); });
    T item = std::move(items_.front());
    items_.pop_front();
    if (!item.frees) --operations_;
    bytes_ -= item.bytes;
    current_ = item.owner();
    std::vector<std::function<void()>> drained;
    if (hasRoom()) drained.swap(drainWaiters_);
    lock.unlock();
    for (const auto& done : drained) done();
    return item;
  }

  /// The consumer, between two parts of a long item: stands still while the queue is paused.
  void rest() {
    std::unique_lock lock(mutex_);
    if (!paused_) return;
    const void* const owner = std::exchange(current_, nullptr);
    still_.notify_all();
    wake_.wait(lock, [this] { return !paused_; });
    current_ = owner;
  }

  /// Calls `done` on the consumer's thread once the queue is below half its limits; at once if it is.
  void whenDrained(std::function<void()> done) {
    std::unique_lock lock(mutex_);
    if (!hasRoom()) {
      drainWaiters_.push_back(std::move(done));
      return;
    }
    lock.unlock();
    done();
  }

  void setLimits(size_t operations, size_t bytes) {
    const std::lock_guard lock(mutex_);
    maxOperations_ = operations;
    maxBytes_ = bytes;
  }

  /// How many wait that do more than free memory.
  size_t size() {
    const std::lock_guard lock(mutex_);
    return operations_;
  }

  /// Any thread but the consumer's: lets no further item begin until `resume`, and waits until the one at work is
  /// done; false when that outlasts the grace. A second pause does not wait again.
  bool pause(std::chrono::milliseconds grace) {
    std::unique_lock lock(mutex_);
    if (paused_) return current_ == nullptr;
    paused_ = true;
    return still_.wait_for(lock, grace, [this] { return current_ == nullptr; });
  }

  void resume() {
    {
      const std::lock_guard lock(mutex_);
      paused_ = false;
    }
    wake_.notify_one();
  }

  /// Any thread but the consumer's: waits while an item of this owner is at work; false when that outlasts the grace.
  bool waitFor(const void* owner, std::chrono::milliseconds grace) {
    std::unique_lock lock(mutex_);
    return still_.wait_for(lock, grace, [this, owner] { return current_ != owner; });
  }

 private:
  /// Under the lock.
  bool hasRoom() const { return operations_ <= maxOperations_ / 2 && bytes_ <= maxBytes_ / 2; }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable still_;
  std::deque<T> items_;
  std::vector<std::function<void()>> drainWaiters_;
  /// Of the items, those that do more than free memory: the garbage collector can hand back any number at once.
  size_t operations_ = 0;
  size_t bytes_ = 0;
  size_t maxOperations_ = 16384;
  size_t maxBytes_ = size_t{1} << 30;
  bool paused_ = false;
  /// Whose item is at work; null between two.
  const void* current_ = nullptr;
};

}  // namespace gptorch
