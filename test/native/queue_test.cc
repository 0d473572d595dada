#include "engine/queue.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include "check.h"

namespace gptorch::test {

namespace {

constexpr auto kLong = std::chrono::minutes(1);
constexpr auto kShort = std::chrono::milliseconds(5);

constexpr int kSomebody = 0;

/// What the engine's items are: work that owns memory, on behalf of somebody.
struct Item {
  std::function<void()> work;
  size_t bytes = 0;
  const void* ownedBy = &kSomebody;
  bool frees = false;
  const void* owner() const { return ownedBy; }
};
using ItemQueue = Queue<Item>;

/// A thread that does what the engine's does; the engine's never ends, this one does with the object.
class Consumer {
 public:
  explicit Consumer(ItemQueue& queue) : queue_(queue), thread_([this] { loop(); }) {}
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  ~Consumer() {
    queue_.resume();
    queue_.push({[this] { ended_ = true; }}, true);
    thread_.join();
  }
  std::thread::id id() const { return thread_.get_id(); }

 private:
  void loop() {
    while (!ended_) {
      const Item item = queue_.pop();
      item.work();
    }
  }

  ItemQueue& queue_;
  /// The thread's own.
  bool ended_ = false;
  std::thread thread_;
};

/// A flag that one thread waits for and another sets.
class Signal {
 public:
  void set() {
    set_ = true;
    set_.notify_all();
  }
  void wait() const { set_.wait(false); }

 private:
  std::atomic<bool> set_ = false;
};

template <typename Call>
void onThreads(size_t count, const Call& call) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&call, i] { call(i); });
  for (std::thread& thread : threads) thread.join();
}

void waitFor(ItemQueue& queue) {
  Signal done;
  queue.push({[&done] { done.set(); }}, true);
  done.wait();
}

/// What the producers wrote before a push, the consumer reads; what the consumer wrote, they read after an item of
/// their own. Nothing here is atomic: the queue alone orders it.
void keepsEachProducersOrder() {
  constexpr size_t kProducers = 4, kItems = 2000;
  std::array<std::vector<size_t>, kProducers> seen;
  ItemQueue queue;
  const Consumer consumer(queue);
  onThreads(kProducers, [&](size_t producer) {
    for (size_t i = 0; i < kItems; ++i) {
      auto number = std::make_unique<size_t>(i);
      queue.push({[&list = seen[producer], raw = std::shared_ptr<size_t>(std::move(number))] { list.push_back(*raw); }},
                 true);
      if (i % 256 == 0) queue.size();
    }
  });
  waitFor(queue);
  for (const std::vector<size_t>& list : seen) {
    checkEqual(list.size(), kItems);
    check(std::is_sorted(list.begin(), list.end()), "in order");
  }
}

void refusesAboveItsLimits() {
  ItemQueue queue;
  queue.setLimits(2, 100);
  queue.push({nullptr, 60}, false);
  checkThrows<Error>([&] { queue.push({nullptr, 41}, false); }, "1 of 2 operations and 60 of 100 bytes");
  queue.push({nullptr, 40}, false);
  checkThrows<Error>([&] { queue.push({nullptr, 0}, false); }, "2 of 2 operations and 100 of 100 bytes");
  checkEqual(queue.size(), size_t{2});
  queue.push({nullptr, 1000}, true);
  checkEqual(queue.size(), size_t{3});
  for (const size_t left : {2, 1, 0}) {
    queue.pop();
    checkEqual(queue.size(), left);
  }
  queue.push({nullptr, 100}, false);
}

/// The garbage collector can hand back any number of tensors at once.
void countsNothingThatOnlyFrees() {
  ItemQueue queue;
  queue.setLimits(2, 100);
  for (int i = 0; i < 100; ++i) queue.push({.work = [] {}, .frees = true}, true);
  checkEqual(queue.size(), size_t{0});
  bool told = false;
  queue.whenDrained([&told] { told = true; });
  check(told, "there is room");
  queue.push({nullptr}, false);
  for (int i = 0; i < 101; ++i) queue.pop();
  checkEqual(queue.size(), size_t{0});
}

/// Producers that wait for space when they are refused all get through, and never more than the limit is queued.
void drainsUnderPressure() {
  constexpr size_t kProducers = 4, kItems = 500, kLimit = 8;
  size_t done = 0;
  std::atomic<size_t> most = 0;
  Signal refused;
  ItemQueue queue;
  queue.setLimits(kLimit, 1000);
  const Consumer consumer(queue);
  // Nothing is done until the queue was full once.
  queue.push({[&refused] { refused.wait(); }}, true);
  onThreads(kProducers, [&](size_t) {
    for (size_t i = 0; i < kItems; ++i) {
      while (true) {
        try {
          queue.push({[&done] { ++done; }, 10}, false);
          break;
        } catch (const Error&) {
          refused.set();
          const auto space = std::make_shared<Signal>();
          queue.whenDrained([space] { space->set(); });
          space->wait();
        }
      }
      const size_t size = queue.size();
      for (size_t known = most; known < size && !most.compare_exchange_weak(known, size);) continue;
    }
  });
  waitFor(queue);
  checkEqual(done, kProducers * kItems);
  check(most <= kLimit, "at most the limit is queued");
}

void tellsOfSpaceOnTheConsumersThread() {
  ItemQueue queue;
  queue.setLimits(4, 100);
  bool told = false;
  queue.whenDrained([&told] { told = true; });
  check(told, "at once where there is space");

  for (int i = 0; i < 3; ++i) queue.push({[] {}, 10}, false);
  std::thread::id teller;
  Signal drained;
  queue.whenDrained([&] {
    teller = std::this_thread::get_id();
    drained.set();
  });
  check(teller == std::thread::id(), "not while more than half the limit is queued");
  const Consumer consumer(queue);
  drained.wait();
  check(teller == consumer.id(), "by the consumer");
}

/// Limits change while others push and wait.
void takesNewLimitsAtAnyTime() {
  ItemQueue queue;
  std::atomic<size_t> told = 0;
  {
    const Consumer consumer(queue);
    onThreads(3, [&](size_t thread) {
      for (size_t i = 0; i < 500; ++i) {
        if (thread == 0) queue.setLimits(1 + i % 7, 1 + i);
        if (thread == 1) queue.push({[] {}, i % 5}, true);
        if (thread == 2) queue.whenDrained([&told] { ++told; });
      }
    });
    waitFor(queue);
    queue.setLimits(16, 1000);
    waitFor(queue);
  }
  checkEqual(told.load(), size_t{500});
}

/// The item at work is waited for, as long as the grace lasts; those behind it are not begun. After a pause that came
/// in time what the consumer wrote can be read without a lock.
void pausesBetweenTwoItems() {
  size_t done = 0;
  Signal begun, mayEnd;
  ItemQueue queue;
  const Consumer consumer(queue);
  queue.push({[&] {
               begun.set();
               mayEnd.wait();
               ++done;
             }},
             true);
  for (int i = 0; i < 10; ++i) queue.push({[&done] { ++done; }}, true);
  begun.wait();
  const bool inTime = queue.pause(kShort), again = queue.pause(kLong);
  mayEnd.set();
  check(!inTime, "it is still at it");
  check(!again, "a second pause does not wait");
  queue.resume();
  check(queue.pause(kLong), "now nothing is at work");
  const size_t before = done;
  checkEqual(queue.size(), 11 - before);
  std::this_thread::sleep_for(kShort);
  checkEqual(done, before);
  queue.resume();
  waitFor(queue);
  checkEqual(done, size_t{11});
}

/// A long item stands still between its parts, as if it were done.
void aLongItemRests() {
  bool secondPart = false;
  Signal begun, mayRest;
  ItemQueue queue;
  const Consumer consumer(queue);
  queue.push({[&] {
               queue.rest();
               begun.set();
               mayRest.wait();
               queue.rest();
               secondPart = true;
             }},
             true);
  begun.wait();
  check(!queue.pause(kShort), "it is still at its first part");
  mayRest.set();
  check(queue.waitFor(&kSomebody, kLong), "it rests");
  check(!secondPart, "it has not gone on");
  queue.resume();
  waitFor(queue);
  check(secondPart, "it went on");
}

/// An environment that ends waits for its own operation, not for others'.
void waitsForOneOwnersItem() {
  const int mine = 0, others = 0;
  Signal begun, mayEnd;
  bool done = false;
  ItemQueue queue;
  const Consumer consumer(queue);
  check(queue.waitFor(&mine, kLong), "nothing is at work");
  queue.push({[&] {
                begun.set();
                mayEnd.wait();
                done = true;
              },
              0, &mine},
             true);
  begun.wait();
  const bool theirs = queue.waitFor(&others, kLong), ours = queue.waitFor(&mine, kShort);
  mayEnd.set();
  check(theirs, "somebody else's is not waited for");
  check(!ours, "it is still at it");
  check(queue.waitFor(&mine, kLong), "now it is done");
  check(done, "and what it wrote can be read");
}

void pausesWhileOthersPush() {
  ItemQueue queue;
  size_t done = 0, pauses = 0;
  {
    const Consumer consumer(queue);
    onThreads(3, [&](size_t thread) {
      for (int i = 0; i < 200; ++i) {
        if (thread == 0) {
          if (queue.pause(kLong)) ++pauses;
          queue.resume();
        } else {
          queue.push({[&done] { ++done; }, 1}, true);
        }
      }
    });
  }
  checkEqual(done, size_t{400});
  checkEqual(pauses, size_t{200});
}

}  // namespace

std::vector<Test> queueTests() {
  return {{"the queue keeps each producer's order", keepsEachProducersOrder},
          {"the queue refuses above its limits, before any effect", refusesAboveItsLimits},
          {"the queue counts nothing that only frees", countsNothingThatOnlyFrees},
          {"the queue drains under pressure", drainsUnderPressure},
          {"the queue tells of space on the consumer's thread", tellsOfSpaceOnTheConsumersThread},
          {"the queue takes new limits at any time", takesNewLimitsAtAnyTime},
          {"the queue pauses between two items", pausesBetweenTwoItems},
          {"a long item stands still between its parts while the queue is paused", aLongItemRests},
          {"the queue waits for one owner's item", waitsForOneOwnersItem},
          {"the queue pauses while others push", pausesWhileOthersPush}};
}

}  // namespace gptorch::test
