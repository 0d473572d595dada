#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "engine/queue.h"

namespace gptorch {

/// One thread that waits for what devices were given to do, so that the engine's need not. Free of torch, so that it is
/// tested alone.
///
/// `Event` has `bool ready()`, which throws when its device failed. The thread asks for it again and again, so it is
/// never stuck in a driver when the process ends; it begins with the first event and, as the engine, is never
/// destroyed.
template <typename Event>
class EventWaiter {
 public:
  /// Told on the waiting thread, in the order of `wait`; null: the device did what it was given. One that throws is
  /// told again, with what it threw.
  using Done = std::function<void(std::exception_ptr failure)>;

  /// @param giveBack called on the waiting thread with each event and its `done` once that was told: what they own may
  ///                 be of a kind that only another thread should free
  explicit EventWaiter(std::function<void(Event event, Done done)> giveBack) : giveBack_(std::move(giveBack)) {}
  EventWaiter(const EventWaiter&) = delete;
  EventWaiter& operator=(const EventWaiter&) = delete;

  /// One thread alone calls this; never blocks.
  void wait(Event event, Done done) {
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    queue_.push({std::move(event), std::move(done)}, /*alwaysEnters=*/true);
  }

  /// See Queue. An event that is waited for does not hold a pause up.
  bool pause(std::chrono::milliseconds grace) { return queue_.pause(grace); }
  void resume() { queue_.resume(); }

  /// For tests: ends the thread, which is not to be paused, behind what it waits for.
  void stop() {
    if (!thread_.joinable()) return;
    queue_.push({.last = true}, true);
    thread_.join();
  }

 private:
  /// How late a value may be for the thread to cost next to nothing.
  static constexpr auto kInterval = std::chrono::microseconds(50);

  struct Item {
    std::optional<Event> event = {};
    Done done = {};
    bool last = false;
    size_t bytes = 0;
    bool frees = false;
    const void* owner() const { return this; }
  };

  void loop() {
    while (true) {
      Item item = queue_.pop();
      if (item.last) return;
      tell(item.done, outcome(*item.event));
      giveBack_(std::move(*item.event), std::move(item.done));
    }
  }

  static void tell(const Done& done, const std::exception_ptr& outcome) {
    try {
      done(outcome);
    } catch (...) {
      done(std::current_exception());
    }
  }

  std::exception_ptr outcome(Event& event) {
    try {
      while (!event.ready()) {
        std::this_thread::sleep_for(kInterval);
        queue_.rest();
      }
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  const std::function<void(Event, Done)> giveBack_;
  Queue<Item> queue_;
  std::thread thread_;
};

}  // namespace gptorch
