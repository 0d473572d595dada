#include "addon/port.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include "check.h"
#include "fake_node.h"

namespace gptorch::test {

namespace {

constexpr size_t kPosters = 4;

/// The engine is one thread; a port must bear several.
template <typename Call>
std::vector<std::thread> posters(const Call& call) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kPosters; ++i) threads.emplace_back([call, i] { call(i); });
  return threads;
}

void join(std::vector<std::thread>& threads) {
  for (std::thread& thread : threads) thread.join();
}

/// What a poster wrote the JavaScript thread reads without a lock, in each poster's order.
void deliversWhatIsPosted() {
  constexpr size_t kMessages = 1000;
  FakeNode node;
  Port port(node.env());
  std::array<std::vector<size_t>, kPosters> seen;
  auto threads = posters([&port, &seen](size_t poster) {
    for (size_t i = 0; i < kMessages; ++i) {
      const auto number = std::make_shared<size_t>(i);
      port.post([&list = seen[poster], number](napi_env) { list.push_back(*number); });
    }
  });
  for (size_t delivered = 0; delivered < kPosters * kMessages;) delivered += node.runEventLoop();
  join(threads);
  for (const std::vector<size_t>& list : seen) {
    checkEqual(list.size(), kMessages);
    check(std::is_sorted(list.begin(), list.end()), "in order");
  }
  port.close();
}

/// A worker ends while the engine posts to it.
void neverCallsAfterItWasClosed() {
  for (int round = 0; round < 50; ++round) {
    FakeNode node;
    Port port(node.env());
    std::atomic<bool> begun = false;
    size_t delivered = 0;
    auto threads = posters([&](size_t) {
      for (int i = 0; i < 100; ++i) {
        port.post([&delivered](napi_env) { ++delivered; });
        begun = true;
      }
    });
    while (!begun) std::this_thread::yield();
    node.runEventLoop();
    port.close();
    node.tearDown();
    join(threads);
    checkEqual(node.callsAfterRelease(), size_t{0});
    checkEqual(node.runEventLoop(), size_t{0});
    check(delivered <= kPosters * 100, "each at most once");
  }
}

/// However a message ends, what it holds is freed.
void freesWhatItDoesNotDeliver() {
  FakeNode node;
  Port port(node.env());
  const auto held = std::make_shared<int>(1);
  bool delivered = false;
  const auto message = [held, &delivered](napi_env) { delivered = true; };

  port.post(message);
  checkEqual(held.use_count(), 3L);
  node.tearDown();
  checkEqual(held.use_count(), 2L);

  node.refuseCalls();
  port.post(message);
  checkEqual(held.use_count(), 2L);

  port.close();
  port.post(message);
  checkEqual(held.use_count(), 2L);
  check(!delivered, "nothing is delivered without an environment");
}

void keepsTheProcessAliveWhileSomethingIsPending() {
  FakeNode node;
  Port port(node.env());
  check(!node.keepsAlive(), "not at first");
  port.hold(node.env());
  port.hold(node.env());
  check(node.keepsAlive(), "with two pending");
  port.release(node.env());
  check(node.keepsAlive(), "with one pending");
  port.release(node.env());
  check(!node.keepsAlive(), "not with none");
  port.hold(node.env());
  check(node.keepsAlive(), "with one again");
  port.close();
}

/// An exception must not pass through Node's C code.
void turnsWhatAMessageThrowsIntoJavaScripts() {
  FakeNode node;
  Port port(node.env());
  bool delivered = false;
  port.post([](napi_env) { throw std::runtime_error("no memory for the result"); });
  port.post([&delivered](napi_env) { delivered = true; });
  node.runEventLoop();
  checkEqual(node.thrown(), "no memory for the result");
  check(delivered, "the next message is delivered");
  port.close();
}

}  // namespace

std::vector<Test> portTests() {
  return {{"a port delivers what is posted, in order", deliversWhatIsPosted},
          {"a port never calls Node after it was closed", neverCallsAfterItWasClosed},
          {"a port frees what it does not deliver", freesWhatItDoesNotDeliver},
          {"a port turns what a message throws into JavaScript's", turnsWhatAMessageThrowsIntoJavaScripts},
          {"a port keeps the process alive while something is pending", keepsTheProcessAliveWhileSomethingIsPending}};
}

}  // namespace gptorch::test
