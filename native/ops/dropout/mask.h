#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "ops/dropout/philox.h"

namespace gptorch::ops {

/// Which elements a dropout keeps: a function of the probability, (seed, step, ordinal) and an element's place alone,
/// so that every device and every number of threads drops the same ones.
///
/// A chunk of 128 elements takes the words of 16 counters, the lanes; each of a counter's four words gives two 16-bit
/// numbers. Lane l decides about the chunk's elements k · 16 + l, k = 0 … 7.
struct DropoutMask {
  static constexpr int kLanes = 16, kPerLane = 8;
  static constexpr int64_t kChunk = kLanes * kPerLane;
  static constexpr double kSteps = 65536.0;

  Philox philox;
  uint32_t step[2], ordinal;
  /// A 16-bit number below it drops.
  uint32_t threshold;
  /// Of what is kept: 1 over the probability that is really applied.
  float scale;

  static DropoutMask of(double p, int64_t seed, int64_t step, int64_t ordinal) {
    const uint32_t threshold = static_cast<uint32_t>(std::lround(p * kSteps));
    return {{{low(seed), high(seed)}},
            {low(step), high(step)},
            low(ordinal),
            threshold,
            static_cast<float>(kSteps / (kSteps - threshold))};
  }

  /// The same mask drawn from another key: seed, step, and the ordinal that this mask's own counts from.
  GPTORCH_HOST_DEVICE DropoutMask behind(const int64_t* key) const {
    return {{{low(key[0]), high(key[0])}}, {low(key[1]), high(key[1])}, low(key[2]) + ordinal, threshold, scale};
  }

  bool dropsNone() const { return threshold == 0; }
  bool dropsAll() const { return threshold >= kSteps; }

  GPTORCH_HOST_DEVICE static uint32_t counterOf(int64_t chunk, int lane) {
    return static_cast<uint32_t>(chunk * kLanes + lane);
  }
  GPTORCH_HOST_DEVICE static int64_t placeOf(int64_t chunk, int k, int lane) {
    return chunk * kChunk + k * kLanes + lane;
  }

  /// factor[k][i]: `scale` or 0, for the element k of the lane whose counter is first + i.
  template <int Lanes>
  GPTORCH_HOST_DEVICE void factors(uint32_t first, float (&factor)[kPerLane][Lanes]) const {
    uint32_t words[4][Lanes];
    philox.block<Lanes>(first, ordinal, step[0], step[1], words);
    for (int word = 0; word < 4; ++word) {
      for (int i = 0; i < Lanes; ++i) {
        const uint32_t lower = words[word][i] & 0xFFFFu, upper = words[word][i] >> 16;
        factor[word][i] = lower >= threshold ? scale : 0.0f;
        factor[word + 4][i] = upper >= threshold ? scale : 0.0f;
      }
    }
  }

  /// A select, not a product: what is dropped is 0 even where the input is infinite or not a number.
  template <typename T>
  GPTORCH_HOST_DEVICE static T apply(float factor, T value) {
    return factor == 0.0f ? T(0) : scaled(factor, value);
  }

  /// A reduced dtype is multiplied in float32: rounded to bfloat16, the scale would be off by up to 0.4 % for every
  /// element.
  template <typename T>
  GPTORCH_HOST_DEVICE static T scaled(float factor, T value) {
    using Computed = std::conditional_t<(sizeof(T) < sizeof(float)), float, T>;
    return static_cast<T>(static_cast<Computed>(factor) * static_cast<Computed>(value));
  }

 private:
  GPTORCH_HOST_DEVICE static uint32_t low(int64_t x) { return static_cast<uint32_t>(x); }
  GPTORCH_HOST_DEVICE static uint32_t high(int64_t x) { return static_cast<uint32_t>(static_cast<uint64_t>(x) >> 32); }
};

}  // namespace gptorch::ops
