#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace gptorch::ops {

/// e^x to within 2 ulp for x ≤ 0, written so that a loop over it vectorises: x = n ln 2 + r, a polynomial for e^r
/// (Cephes' expf coefficients, S. Moshier), 2^n put into the exponent's bits.
inline __attribute__((always_inline)) float exponential(float x) {
  x = std::max(x, -87.0f);
  const float n = std::nearbyint(x * 1.44269504088896341f);
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

inline double exponential(double x) { return std::exp(x); }

}  // namespace gptorch::ops
