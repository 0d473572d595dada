// Reads memory as fast as it comes. scripts/bench/peer.mjs has the protocol.
//
//     c++ -O3 -march=native -std=c++20 -pthread read.cc -o read && ./read THREADS
//
// {"read": BYTES} → {"seconds"} of reading a buffer of that size once, each thread its own part.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>
#include <vector>

namespace {

/// Eight vectors of 64 bytes at a time, and the pages beyond asked for early.
uint64_t sum(const uint64_t* from, size_t count) {
  constexpr size_t kStep = 64, kAhead = 1024;
  uint64_t lanes[kStep] = {};
  for (size_t i = 0; i + kStep <= count; i += kStep) {
    for (size_t line = 0; line < kStep; line += 8) __builtin_prefetch(from + i + line + kAhead);
    for (size_t lane = 0; lane < kStep; ++lane) lanes[lane] += from[i + lane];
  }
  uint64_t total = 0;
  for (const uint64_t lane : lanes) total += lane;
  return total;
}

double read(const std::vector<uint64_t>& buffer, size_t threads) {
  std::atomic<uint64_t> total = 0;
  std::vector<std::thread> team;
  const auto started = std::chrono::steady_clock::now();
  for (size_t i = 0; i < threads; ++i) {
    team.emplace_back([&, i] {
      const size_t first = buffer.size() * i / threads, last = buffer.size() * (i + 1) / threads;
      total += sum(buffer.data() + first, last - first);
    });
  }
  for (std::thread& each : team) each.join();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  // So that the sums are not left out.
  if (total == 1) std::puts("");
  return seconds.count();
}

}  // namespace

int main(int, char** arguments) {
  const size_t threads = std::strtoul(arguments[1], nullptr, 10);
  std::map<size_t, std::vector<uint64_t>> buffers;
  std::puts("{}");
  std::fflush(stdout);
  size_t bytes = 0;
  while (std::scanf(" {\"read\":%zu}", &bytes) == 1) {
    const auto [buffer, isNew] = buffers.try_emplace(bytes, bytes / sizeof(uint64_t), 3);
    std::printf("{\"seconds\":%.9f}\n", read(buffer->second, threads));
    std::fflush(stdout);
  }
}
