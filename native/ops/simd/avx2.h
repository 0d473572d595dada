#pragma once

#include <immintrin.h>

#include <cstdint>

#define GPTORCH_TARGET __attribute__((target("avx2,fma")))
#define GPTORCH_INLINE inline __attribute__((always_inline, target("avx2,fma")))

namespace gptorch::ops {

struct Avx2 {
  using Element = float;
  using Vector = __m256;
  /// 32-bit words, and as many bytes as 64-bit ones.
  typedef uint32_t Words __attribute__((vector_size(32)));
  typedef uint64_t WideWords __attribute__((vector_size(32)));
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
  static GPTORCH_INLINE float sum(Vector vector) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps(vector, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }
  static GPTORCH_INLINE float highest(Vector vector) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps(vector, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
  /// Products of the lower halves.
  static GPTORCH_INLINE WideWords multiplyLower(WideWords a, WideWords b) {
    return reinterpret_cast<WideWords>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
  }
};

}  // namespace gptorch::ops
