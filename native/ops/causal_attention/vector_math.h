#pragma once

#include <cstdint>
#include <type_traits>

#include "ops/exponential.h"

// Vectors beyond what the classes of ops/simd have, in the compilers' own extension.
namespace gptorch::ops::causal_attention {

/// Whole numbers, one for each element of a vector.
template <class S>
struct IntegersOf {
  using Element = std::conditional_t<std::is_same_v<typename S::Element, double>, int64_t, int32_t>;
  typedef Element Vector __attribute__((vector_size(sizeof(typename S::Vector))));
};
template <class S>
using Integers = typename IntegersOf<S>::Vector;

/// Columns from `low` up to `high`.
template <class S>
class Columns {
  using Vector = typename S::Vector;
  using Integer = typename IntegersOf<S>::Element;

 public:
  GPTORCH_TARGET Columns(int64_t low, int64_t high)
      : low_(Integers<S>{} + static_cast<Integer>(low)), high_(Integers<S>{} + static_cast<Integer>(high)) {
    for (int i = 0; i < S::kWidth; ++i) places_[i] = i;
  }

  /// Of the columns from `first` on: `vector` inside, `other` outside.
  GPTORCH_INLINE Vector select(int64_t first, Vector vector, Vector other) const {
    const Integers<S> places = places_ + static_cast<Integer>(first);
    return ((places >= low_) & (places < high_)) ? vector : other;
  }

 private:
  Integers<S> low_, high_, places_;
};

/// ops::exponential of each element.
template <class S>
GPTORCH_INLINE typename S::Vector exponentialOf(typename S::Vector x) {
  using Vector = typename S::Vector;
  if constexpr (std::is_same_v<typename S::Element, float>) {
    // Added to a number of this size, one below 2^22 loses its fraction, and lies in the lowest bits.
    const Vector shift = S::broadcast(12582912.0f), lowest = S::broadcast(-87.0f);
    x = x < lowest ? lowest : x;
    const Vector shifted = S::multiplyAdd(x, S::broadcast(1.44269504088896341f), shift);
    const Vector n = shifted - shift;
    const Vector r = S::multiplyAdd(n, S::broadcast(2.12194440e-4f), S::multiplyAdd(n, S::broadcast(-0.693359375f), x));
    Vector p = S::broadcast(1.9875691500e-4f);
    p = S::multiplyAdd(p, r, S::broadcast(1.3981999507e-3f));
    p = S::multiplyAdd(p, r, S::broadcast(8.3334519073e-3f));
    p = S::multiplyAdd(p, r, S::broadcast(4.1665795894e-2f));
    p = S::multiplyAdd(p, r, S::broadcast(1.6666665459e-1f));
    p = S::multiplyAdd(p, r, S::broadcast(5.0000001201e-1f));
    p = S::multiplyAdd(p * r, r, r + S::broadcast(1.0f));
    return p * reinterpret_cast<Vector>((reinterpret_cast<typename S::Words>(shifted) << 23) + (127u << 23));
  } else {
    for (int i = 0; i < S::kWidth; ++i) x[i] = exponential(x[i]);
    return x;
  }
}

}  // namespace gptorch::ops::causal_attention
