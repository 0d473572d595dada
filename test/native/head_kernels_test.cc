#include "ops/causal_attention/head_kernels.h"

#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "check.h"

namespace gptorch::test {

namespace {

using namespace ops::causal_attention;
using ops::DropoutMask;

struct Kernels {
  std::string name;
  HeadKernels<float> kernels;
};

std::vector<Kernels> kernelsHere() {
  std::vector<Kernels> all = {{"generic", genericHeadKernels()}};
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2) all.push_back({"avx2", avx2HeadKernels()});
  if (avx2 && avx512) all.push_back({"avx512", avx512HeadKernels()});
#endif
  return all;
}

/// One head of (length, width) whose queries, keys and values lie side by side in rows, and its results.
template <class T>
struct Example {
  int64_t length, width;
  std::vector<T> projection, gradOutput, output, logSumExp, gradient;

  Example(int64_t length, int64_t width)
      : length(length),
        width(width),
        projection(length * 3 * width),
        gradOutput(length * width),
        output(length * width),
        logSumExp(length),
        gradient(length * 3 * width) {
    std::mt19937 random(static_cast<unsigned>(length * 1000 + width));
    std::normal_distribution<float> normal;
    for (T& each : projection) each = normal(random);
    for (T& each : gradOutput) each = normal(random);
  }

  Head<T> head(int64_t window, const DropoutMask* mask) const {
    const T* const data = projection.data();
    const int64_t stride = 3 * width;
    return {{data, stride}, {data + width, stride},   {data + 2 * width, stride},           length,
            width,          std::min(window, length), static_cast<T>(1 / std::sqrt(width)), mask,
            kMaskPlace};
  }

  void run(const HeadKernels<T>& kernels, int64_t window, const DropoutMask* mask) {
    const Head<T> head = this->head(window, mask);
    Scratch<T> scratch;
    // In two parts, as two threads would.
    const int64_t half = head.pairs() / 2;
    kernels.forward(head, {{output.data(), width}, logSumExp.data()}, 0, half, scratch);
    kernels.forward(head, {{output.data(), width}, logSumExp.data()}, half, head.pairs(), scratch);
    T* const to = gradient.data();
    const int64_t stride = 3 * width;
    kernels.backward(head,
                     {{output.data(), width},
                      {gradOutput.data(), width},
                      logSumExp.data(),
                      {to, stride},
                      {to + width, stride},
                      {to + 2 * width, stride}},
                     scratch);
  }

  /// Of the head's first weight: not the beginning of a chunk.
  static constexpr int64_t kMaskPlace = 1000;
};

/// What a dropout multiplies the weight at `place` by.
double factorAt(const DropoutMask& mask, int64_t place) {
  float factors[DropoutMask::kPerLane][DropoutMask::kLanes];
  mask.factors(DropoutMask::counterOf(place / DropoutMask::kChunk, 0), factors);
  return (&factors[0][0])[place % DropoutMask::kChunk];
}

void doubleKernelIsTheFormula() {
  const DropoutMask mask = DropoutMask::of(0.3, 1, 2, 3);
  for (const int64_t window : {int64_t{1}, int64_t{20}, int64_t{1000}}) {
    Example<double> example(150, 6);
    example.run(doubleHeadKernels(), window, &mask);
    const Head<double> head = example.head(window, &mask);
    for (int64_t t = 0; t < example.length; ++t) {
      std::vector<double> weights, output(example.width);
      double sum = 0;
      for (int64_t j = head.first(t); j <= t; ++j) {
        double score = 0;
        for (int64_t d = 0; d < example.width; ++d) score += head.query[t][d] * head.key[j][d];
        weights.push_back(std::exp(score * head.scale));
        sum += weights.back();
      }
      for (int64_t j = head.first(t); j <= t; ++j) {
        const double factor = factorAt(mask, Example<double>::kMaskPlace + t * example.length + j);
        for (int64_t d = 0; d < example.width; ++d) {
          output[d] += factor * weights[j - head.first(t)] / sum * head.value[j][d];
        }
      }
      check(std::abs(example.logSumExp[t] - std::log(sum)) < 1e-12, "log-sum-exp of query " + std::to_string(t));
      for (int64_t d = 0; d < example.width; ++d) {
        check(std::abs(example.output[t * example.width + d] - output[d]) < 1e-12, "query " + std::to_string(t));
      }
    }
  }
}

void checkNear(const std::vector<float>& actual, const std::vector<double>& expected, const std::string& what) {
  for (size_t i = 0; i < actual.size(); ++i) {
    check(std::abs(actual[i] - expected[i]) < 2e-5, what + ", element " + std::to_string(i) + ": " +
                                                        std::to_string(actual[i]) + " where " +
                                                        std::to_string(expected[i]) + " was expected");
  }
}

/// Of every instruction set, where lengths and widths are no multiples of anything.
void everyInstructionSetComputesTheSame() {
  const DropoutMask mask = DropoutMask::of(0.3, 1, 2, 3);
  const std::vector<std::pair<int64_t, int64_t>> sizes = {{1, 1},  {1, 64},   {31, 16}, {64, 21},
                                                          {64, 1}, {133, 64}, {290, 21}};
  for (const Kernels& each : kernelsHere()) {
    for (const auto& [length, width] : sizes) {
      for (const int64_t window : {1, 30, 1000}) {
        for (const DropoutMask* drops : {static_cast<const DropoutMask*>(nullptr), &mask}) {
          Example<float> single(length, width);
          Example<double> exact(length, width);
          single.run(each.kernels, window, drops);
          exact.run(doubleHeadKernels(), window, drops);
          const std::string what = each.name + ", length " + std::to_string(length) + ", width " +
                                   std::to_string(width) + ", window " + std::to_string(window);
          checkNear(single.output, exact.output, what + ": output");
          checkNear(single.logSumExp, exact.logSumExp, what + ": log-sum-exp");
          checkNear(single.gradient, exact.gradient, what + ": gradient");
        }
      }
    }
  }
}

/// With the unit matrix as values the output is the weights.
void everyInstructionSetDropsTheSame() {
  constexpr int64_t kLength = 150;
  const DropoutMask mask = DropoutMask::of(0.4, 0x123456789abcdef0, int64_t{5} << 33, 7);
  for (const Kernels& each : kernelsHere()) {
    Example<float> example(kLength, kLength);
    for (int64_t i = 0; i < kLength; ++i) {
      for (int64_t j = 0; j < kLength; ++j) example.projection[(i * 3 + 2) * kLength + j] = i == j;
    }
    example.run(each.kernels, kLength, &mask);
    for (int64_t t = 0; t < kLength; ++t) {
      for (int64_t j = 0; j < kLength; ++j) {
        const bool kept = j <= t && factorAt(mask, Example<float>::kMaskPlace + t * kLength + j) != 0;
        check((example.output[t * kLength + j] != 0) == kept,
              each.name + ": weight " + std::to_string(t) + ", " + std::to_string(j));
      }
    }
  }
}

}  // namespace

std::vector<Test> headKernelTests() {
  return {{"attention in double precision is the formula", doubleKernelIsTheFormula},
          {"every instruction set attends the same", everyInstructionSetComputesTheSame},
          {"every instruction set drops the same weights", everyInstructionSetDropsTheSame}};
}

}  // namespace gptorch::test
