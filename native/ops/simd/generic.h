#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// On every function of a kernel that is written once for all instruction sets (a template over one of these classes).
#define GPTORCH_TARGET
#define GPTORCH_INLINE inline __attribute__((always_inline))

namespace gptorch::ops {

/// Vectors of the compiler's own extension.
struct Generic {
  using Element = float;
  typedef float Vector __attribute__((vector_size(16)));
  /// 32-bit words, and as many bytes as 64-bit ones.
  typedef uint32_t Words __attribute__((vector_size(16)));
  typedef uint64_t WideWords __attribute__((vector_size(16)));
  static constexpr int kWidth = 4;
  /// How many accumulators the registers hold beside what a product needs.
  static constexpr int kAccumulators = 12;

  static Vector zero() { return Vector{}; }
  static Vector broadcast(float value) { return Vector{value, value, value, value}; }
  static Vector load(const float* from) {
    Vector vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
  }
  /// bfloat16
  static Vector load(const uint16_t* from) {
    return Vector{widen(from[0]), widen(from[1]), widen(from[2]), widen(from[3])};
  }
  static Vector load(const int8_t* from) {
    return Vector{static_cast<float>(from[0]), static_cast<float>(from[1]), static_cast<float>(from[2]),
                  static_cast<float>(from[3])};
  }
  static void store(float* to, Vector vector) { std::memcpy(to, &vector, sizeof vector); }
  /// a · b + c
  static Vector multiplyAdd(Vector a, Vector b, Vector c) { return a * b + c; }
  static float sum(Vector v) { return (v[0] + v[2]) + (v[1] + v[3]); }
  static float highest(Vector v) { return std::max(std::max(v[0], v[2]), std::max(v[1], v[3])); }
  /// Products of the lower halves.
  static WideWords multiplyLower(WideWords a, WideWords b) {
#if defined(__SSE2__)
    // GCC makes three multiplications of it.
    return reinterpret_cast<WideWords>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
  }

 private:
  static float widen(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

/// In double precision, where being right counts more than being fast.
struct GenericDouble {
  using Element = double;
  typedef double Vector __attribute__((vector_size(16)));
  using Words = Generic::Words;
  using WideWords = Generic::WideWords;
  static constexpr int kWidth = 2;
  static constexpr int kAccumulators = 12;

  static Vector zero() { return Vector{}; }
  static Vector broadcast(double value) { return Vector{value, value}; }
  static Vector load(const double* from) {
    Vector vector;
    std::memcpy(&vector, from, sizeof vector);
    return vector;
  }
  static void store(double* to, Vector vector) { std::memcpy(to, &vector, sizeof vector); }
  /// a · b + c
  static Vector multiplyAdd(Vector a, Vector b, Vector c) { return a * b + c; }
  static double sum(Vector v) { return v[0] + v[1]; }
  static double highest(Vector v) { return std::max(v[0], v[1]); }
  static WideWords multiplyLower(WideWords a, WideWords b) { return Generic::multiplyLower(a, b); }
};

}  // namespace gptorch::ops
