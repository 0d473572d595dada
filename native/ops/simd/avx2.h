#pragma once

#include <immintrin.h>

#include <cstdint>

#define GPTORCH_TARGET __attribute__((target("avx2,fma")))
#define GPTORCH_INLINE inline __attribute__((always_inline, target("avx2,fma")))

namespace gptorch::ops {

struct Avx2 {
  using Element = float;
  using Vector = __m256;
  static constexpr int kWidth = 8;
  static constexpr int kAccumulators = 12;

  static GPTORCH_INLINE Vector zero() { return _mm256_setzero_ps(); }
  static GPTORCH_INLINE Vector broadcast(float value) { return _mm256_set1_ps(value); }
  static GPTORCH_INLINE Vector load(const float* from) { return _mm256_loadu_ps(from); }
  /// bfloat16
  static GPTORCH_INLINE Vector load(const uint16_t* from) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  static GPTORCH_INLINE Vector load(const int8_t* from) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
  static GPTORCH_INLINE void store(float* to, Vector vector) { _mm256_storeu_ps(to, vector); }
  /// a · b + c
  static GPTORCH_INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace gptorch::ops
