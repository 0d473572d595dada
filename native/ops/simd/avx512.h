#pragma once

#include <immintrin.h>

#include <cstdint>

#define GPTORCH_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define GPTORCH_INLINE inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))

namespace gptorch::ops {

struct Avx512 {
  using Element = float;
  using Vector = __m512;
  /// 32-bit words, and as many bytes as 64-bit ones.
  typedef uint32_t Words __attribute__((vector_size(64)));
  typedef uint64_t WideWords __attribute__((vector_size(64)));
  static constexpr int kWidth = 16;
  static constexpr int kAccumulators = 24;

  static GPTORCH_INLINE Vector zero() { return _mm512_setzero_ps(); }
  static GPTORCH_INLINE Vector broadcast(float value) { return _mm512_set1_ps(value); }
  static GPTORCH_INLINE Vector load(const float* from) { return _mm512_loadu_ps(from); }
  /// bfloat16
  static GPTORCH_INLINE Vector load(const uint16_t* from) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  static GPTORCH_INLINE Vector load(const int8_t* from) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
  }
  static GPTORCH_INLINE void store(float* to, Vector vector) { _mm512_storeu_ps(to, vector); }
  /// a · b + c
  static GPTORCH_INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static GPTORCH_INLINE float sum(Vector vector) { return _mm512_reduce_add_ps(vector); }
  static GPTORCH_INLINE float highest(Vector vector) { return _mm512_reduce_max_ps(vector); }
  /// Products of the lower halves.
  static GPTORCH_INLINE WideWords multiplyLower(WideWords a, WideWords b) {
    return reinterpret_cast<WideWords>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
  }
};

}  // namespace gptorch::ops
