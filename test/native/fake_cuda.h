#pragma once

// Stands in for CUDA, so that a kernel's own code runs here: a block's threads are threads of the CPU, blocks run one
// after another. It shows indices, sums and missing barriers (under the thread sanitizer), not speed, and not what a
// GPU's compiler makes.

#include <array>
#include <barrier>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(threads)

struct FakeDimensions {
  unsigned int x = 0;
};
inline thread_local FakeDimensions threadIdx, blockIdx;

namespace gptorch::test {

/// As c10's, rounded towards zero: enough for a type of two bytes.
struct Bfloat16 {
  uint16_t bits = 0;

  Bfloat16() = default;
  explicit Bfloat16(float value) : bits(static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16)) {}
  explicit operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

constexpr unsigned int kFakeWarp = 32;

/// Lets 32 threads exchange a value each.
struct FakeWarp {
  std::barrier<> barrier{kFakeWarp};
  std::array<uint64_t, kFakeWarp> slots{};
};

struct FakeBlock {
  std::barrier<> barrier;
  std::vector<std::unique_ptr<FakeWarp>> warps;

  explicit FakeBlock(unsigned int threads) : barrier(threads) {
    for (unsigned int first = 0; first < threads; first += kFakeWarp) warps.push_back(std::make_unique<FakeWarp>());
  }
};
inline thread_local FakeBlock* fakeBlock = nullptr;

/// Runs `kernel` in every thread of every block.
template <typename Kernel>
void launch(unsigned int blocks, unsigned int threads, const Kernel& kernel) {
  FakeBlock block(threads);
  std::vector<std::thread> running;
  for (unsigned int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      fakeBlock = &block;
      threadIdx.x = thread;
      for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
        kernel();
        block.barrier.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : running) thread.join();
}

}  // namespace gptorch::test

inline void __syncthreads() { gptorch::test::fakeBlock->barrier.arrive_and_wait(); }

template <typename T>
T __shfl_xor_sync(unsigned int, T value, int distance) {
  using namespace gptorch::test;
  static_assert(sizeof(T) <= sizeof(uint64_t));
  FakeWarp& warp = *fakeBlock->warps[threadIdx.x / kFakeWarp];
  const unsigned int lane = threadIdx.x % kFakeWarp;
  std::memcpy(&warp.slots[lane], &value, sizeof(T));
  warp.barrier.arrive_and_wait();
  T other;
  std::memcpy(&other, &warp.slots[lane ^ static_cast<unsigned int>(distance)], sizeof(T));
  warp.barrier.arrive_and_wait();
  return other;
}
