#pragma once

#include <cmath>

#include "ops/exponential.h"

namespace gptorch::ops {

constexpr float kTwiceRootTwoOverPi = 1.5957691216057308f;
constexpr float kGeluCubic = 0.044715f;

/// (1 + tanh(v/2)) / 2 = 1 / (1 + e^-v); of e^-|v|, so that neither sign loses digits.
inline __attribute__((always_inline)) float sigmoid(float v) {
  const float e = exponential(-std::abs(v));
  return (v < 0 ? e : 1.0f) / (1.0f + e);
}

/// The factor of x in the tanh form of GELU.
inline __attribute__((always_inline)) float geluTanhGate(float x) {
  return sigmoid(kTwiceRootTwoOverPi * (x + kGeluCubic * x * x * x));
}

/// The factor of x in GELU, (1 + erf(x / √2)) / 2, to within 1e-7: Abramowitz and Stegun 7.1.26, of the complement so
/// that a negative x loses no digits. Written so that a loop over it vectorises.
inline __attribute__((always_inline)) float geluGate(float x) {
  const float z = std::abs(x) * 0.70710678118654752f;
  const float t = 1.0f / (1.0f + 0.3275911f * z);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const float half = 0.5f * p * t * exponential(-z * z);
  return x < 0 ? half : 1.0f - half;
}

}  // namespace gptorch::ops
