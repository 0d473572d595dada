// The CUDA kernels' own code, run by threads of the CPU.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "check.h"
#include "fake_cuda.h"

#define CUDA_KERNEL_ASSERT(condition) gptorch::test::check(condition, #condition)
#include "ops/dropout/cuda/drop_lanes.cuh"
#include "ops/linear_cross_entropy/cuda/softmax_row.cuh"

namespace gptorch::test {

namespace {

void dropsWhatTheMaskSays() {
  using Mask = ops::DropoutMask;
  const Mask mask = Mask::of(0.3, 42, 7, 1);
  // One element, less than a chunk, whole ones, more than a block's 16 chunks and a rest.
  for (const int64_t numel : {int64_t{1}, int64_t{77}, int64_t{128}, int64_t{5000}}) {
    std::vector<float> input(numel), output(numel + 1, -1.0f);
    for (int64_t i = 0; i < numel; ++i) input[i] = static_cast<float>(i + 1);
    const int64_t lanes = (numel + Mask::kChunk - 1) / Mask::kChunk * Mask::kLanes;
    const auto blocks = static_cast<unsigned int>((lanes + ops::kDropThreads - 1) / ops::kDropThreads);
    launch(blocks, ops::kDropThreads, [&] { ops::dropLanes(input.data(), output.data(), numel, mask, nullptr); });
    // The same draw with its key in memory: ordinal 1 behind 0.
    const int64_t key[] = {42, 7, 0};
    std::vector<float> keyed(numel, -1.0f);
    launch(blocks, ops::kDropThreads,
           [&] { ops::dropLanes(input.data(), keyed.data(), numel, Mask::of(0.3, 0, 0, 1), key); });
    check(std::equal(keyed.begin(), keyed.end(), output.begin()), "a key in memory draws the same");
    for (int64_t place = 0; place < numel; ++place) {
      float factors[Mask::kPerLane][Mask::kLanes];
      mask.factors(Mask::counterOf(place / Mask::kChunk, 0), factors);
      checkEqual(output[place], Mask::apply((&factors[0][0])[place % Mask::kChunk], input[place]));
    }
    checkEqual(output[numel], -1.0f);
  }
}

constexpr int64_t kIgnored = -100;
constexpr float kPadding = 512.0f;

/// Compares losses and gradients of a few rows with the formula in double.
template <typename T>
void checkRows(int64_t columns, double tolerance, bool gradient, bool weighted) {
  const int64_t rows = 3, stride = (columns + 63) / 64 * 64;
  const std::vector<int64_t> targets = {columns - 1, kIgnored, 0};
  const std::vector<float> weights = {0.5f, 1.0f, 2.0f};
  const double scale = 0.25;
  // Over-aligned by hand: the kernel reads 16 bytes at once.
  struct alignas(16) Block {
    unsigned char bytes[16];
  };
  std::vector<Block> storage(rows * stride * sizeof(T) / sizeof(Block));
  T* logits = reinterpret_cast<T*>(storage.data());
  for (int64_t i = 0; i < rows * stride; ++i) {
    const bool inside = i % stride < columns;
    logits[i] = static_cast<T>(inside ? static_cast<float>(10 * std::sin(static_cast<double>(i) * 12.9898)) : kPadding);
  }
  using A = ops::Computed<T>;
  const std::vector<T> before(logits, logits + rows * stride);
  std::vector<double> losses(rows, -1.0);
  const ops::LogitRows<T> of{logits, stride, rows, columns};
  const ops::RowTargets by{targets.data(), kIgnored, weighted ? weights.data() : nullptr, &scale};
  launch(static_cast<unsigned int>(rows), ops::kRowThreads, [&] { ops::softmaxRow(of, by, losses.data(), gradient); });

  for (int64_t r = 0; r < rows; ++r) {
    const auto value = [&](int64_t j) { return static_cast<double>(static_cast<A>(before[r * stride + j])); };
    double sum = 0;
    for (int64_t j = 0; j < columns; ++j) sum += std::exp(value(j));
    const bool counts = targets[r] != kIgnored;
    const double loss = counts ? std::log(sum) - value(targets[r]) : 0.0;
    check(std::abs(losses[r] - loss) <= tolerance * (1 + loss), "row " + std::to_string(r) + " has another loss");
    const double rowScale = counts ? scale * (weighted ? weights[r] : 1.0) : 0.0;
    for (int64_t j = 0; j < stride; ++j) {
      const double got = static_cast<double>(static_cast<A>(logits[r * stride + j]));
      double expected = j < columns ? value(j) : kPadding;
      if (gradient && j < columns) {
        expected = counts ? rowScale * (std::exp(value(j)) / sum - (j == targets[r] ? 1.0 : 0.0)) : 0.0;
      }
      // What lies behind a row's end is not the kernel's to touch; so it may differ in nothing.
      const double allowed = j < columns ? tolerance * (gradient ? scale : 0.0) : 0.0;
      check(std::abs(got - expected) <= allowed, "row " + std::to_string(r) + ", column " + std::to_string(j) + " is " +
                                                     std::to_string(got) + " where " + std::to_string(expected) +
                                                     " was expected");
    }
  }
}

void softmaxOfFloats() {
  // One column; fewer than threads; whole packs and a rest; more than a pack a thread.
  for (const int64_t columns : {int64_t{1}, int64_t{65}, int64_t{1003}, int64_t{2500}}) {
    checkRows<float>(columns, 1e-5, true, false);
  }
  checkRows<float>(130, 1e-5, true, true);
  checkRows<float>(130, 1e-5, false, true);
}

void softmaxOfOtherTypes() {
  checkRows<double>(131, 1e-12, true, true);
  // Eight bits: the gradient is rounded once.
  checkRows<Bfloat16>(1003, 1.0 / 64, true, true);
}

}  // namespace

std::vector<Test> cudaKernelTests() {
  return {{"dropout's CUDA kernel drops what the mask says", dropsWhatTheMaskSays},
          {"the CUDA softmax of rows of float32 is the formula's", softmaxOfFloats},
          {"the CUDA softmax of rows of float64 and of two-byte numbers is the formula's", softmaxOfOtherTypes}};
}

}  // namespace gptorch::test
