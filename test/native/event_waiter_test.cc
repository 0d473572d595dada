#include "engine/event_waiter.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"

namespace gptorch::test {

namespace {

constexpr auto kLong = std::chrono::minutes(1);

/// What a device would set; the test does.
struct Device {
  std::atomic<int> done = 0;
  std::atomic<bool> lost = false;
};

/// The device's `place`-th operation. Owns memory that is counted.
class FakeEvent {
 public:
  FakeEvent(Device& device, int place) : device_(&device), place_(place), owned_(std::make_unique<int>(place)) {}
  bool ready() const {
    if (device_->lost) throw std::runtime_error("lost at " + std::to_string(*owned_));
    return device_->done >= place_;
  }

 private:
  Device* device_;
  int place_;
  std::unique_ptr<int> owned_;
};
using Waiter = EventWaiter<FakeEvent>;

std::string wordsOf(const std::exception_ptr& failure) {
  if (!failure) return "done";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

void nothing(FakeEvent, Waiter::Done) {}

void tellsInOrderAndNotBefore() {
  constexpr int kEvents = 200;
  Device device;
  std::vector<int> told;
  std::atomic<int> count = 0;
  Waiter waiter(nothing);
  for (int i = 1; i <= kEvents; ++i) {
    waiter.wait({device, i}, [&, i](const std::exception_ptr& failure) {
      check(!failure && device.done >= i, "told when it was done");
      told.push_back(i);
      ++count;
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  checkEqual(count.load(), 0);
  for (int i = 1; i <= kEvents; i += 3) device.done = i;
  device.done = kEvents;
  waiter.stop();
  for (int i = 1; i <= kEvents; ++i) checkEqual(told[i - 1], i);
}

void aLostDeviceFailsEachOfItsOwn() {
  Device device, other;
  other.done = 1;
  std::vector<std::string> told;
  const auto tell = [&told](const std::exception_ptr& failure) { told.push_back(wordsOf(failure)); };
  Waiter waiter(nothing);
  waiter.wait({device, 1}, tell);
  waiter.wait({other, 1}, tell);
  waiter.wait({device, 2}, tell);
  device.lost = true;
  waiter.stop();
  checkEqual(told[0], "lost at 1");
  checkEqual(told[1], "done");
  checkEqual(told[2], "lost at 2");
}

/// As when main memory for a value that was read is refused.
void whatThrowsIsToldSo() {
  Device device;
  device.done = 1;
  std::vector<std::string> told;
  Waiter waiter(nothing);
  for (int i = 0; i < 2; ++i) {
    waiter.wait({device, 1}, [&told](const std::exception_ptr& failure) {
      if (!failure) throw std::runtime_error("no room");
      told.push_back(wordsOf(failure));
    });
  }
  waiter.stop();
  checkEqual(told.size(), size_t{2});
  for (const std::string& each : told) checkEqual(each, "no room");
}

/// What events and callbacks own is handed over whole, after it was told.
void givesBackWhatItWasGiven() {
  Device device;
  device.done = 1;
  std::vector<Waiter::Done> back;
  auto owned = std::make_shared<int>(7);
  Waiter waiter([&back](const FakeEvent& event, Waiter::Done done) {
    check(event.ready(), "the event itself");
    back.push_back(std::move(done));
  });
  waiter.wait({device, 1}, [owned](const std::exception_ptr&) {});
  waiter.stop();
  checkEqual(back.size(), size_t{1});
  checkEqual(owned.use_count(), 2L);
  back.clear();
  checkEqual(owned.use_count(), 1L);
}

/// A device that never answers holds neither a pause nor the process up; afterwards the wait goes on.
void aPauseDoesNotWaitForADevice() {
  Device device;
  std::atomic<bool> told = false;
  Waiter waiter(nothing);
  waiter.wait({device, 1}, [&told](const std::exception_ptr&) { told = true; });
  check(waiter.pause(kLong), "paused");
  device.done = 1;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  check(!told, "nothing is told while it is paused");
  waiter.resume();
  waiter.stop();
  check(told, "told afterwards");
}

void withoutEventsThereIsNoThread() {
  Waiter waiter(nothing);
  check(waiter.pause(kLong), "nothing to wait for");
  waiter.resume();
  waiter.stop();
}

}  // namespace

std::vector<Test> eventWaiterTests() {
  return {
      {"events are told in order, and not before their device did them", tellsInOrderAndNotBefore},
      {"a lost device fails each of its own events", aLostDeviceFailsEachOfItsOwn},
      {"a callback that throws is told so", whatThrowsIsToldSo},
      {"events and callbacks are given back", givesBackWhatItWasGiven},
      {"a pause does not wait for a device", aPauseDoesNotWaitForADevice},
      {"without events there is no thread", withoutEventsThereIsNoThread},
  };
}

}  // namespace gptorch::test
