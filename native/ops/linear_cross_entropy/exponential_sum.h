#pragma once

#include <cmath>
#include <limits>

#include "ops/host_device.h"

namespace gptorch::ops {

/// Σ e^(value - highest) over some of a row's values, found in one pass; any two can be joined, so threads share a row
/// (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax").
template <typename T>
struct ExponentialSum {
  /// Finite, so that no difference is infinity less infinity; lower than every finite value.
  T highest = std::numeric_limits<T>::lowest();
  T sum = 0;

  GPTORCH_HOST_DEVICE void add(T value) {
    if (value > highest) {
      sum = sum * std::exp(highest - value) + T(1);
      highest = value;
    } else {
      // Not a number lands here, and stays.
      sum += std::exp(value - highest);
    }
  }

  GPTORCH_HOST_DEVICE void join(const ExponentialSum& other) {
    const T higher = other.highest > highest ? other.highest : highest;
    sum = sum * std::exp(highest - higher) + other.sum * std::exp(other.highest - higher);
    highest = higher;
  }
};

}  // namespace gptorch::ops
