#pragma once

// The kernels of drop_kernels.h, once for all instruction sets: templates over the class of ops/simd whose header
// GPTORCH_SIMD names.
#include GPTORCH_SIMD

#include <bit>
#include <cstdint>
#include <type_traits>

#include "ops/dropout/chunk_factors.h"
#include "ops/dropout/drop_kernels.h"

namespace gptorch::ops {

template <size_t bytes>
using Bits = std::conditional_t<bytes == 8, uint64_t, std::conditional_t<bytes == 4, uint32_t, uint16_t>>;

/// DropoutMask::apply to each. It chooses by bits: a product that is computed in one case alone keeps a loop from being
/// vectorised.
template <class T>
GPTORCH_INLINE void applyFactors(const float* factors, const T* input, T* output, int64_t count) {
  using Word = Bits<sizeof(T)>;
  for (int64_t j = 0; j < count; ++j) {
    const Word kept = factors[j] == 0.0f ? Word{0} : static_cast<Word>(~Word{0});
    const Word scaled = std::bit_cast<Word>(DropoutMask::scaled(factors[j], input[j]));
    output[j] = std::bit_cast<T>(static_cast<Word>(scaled & kept));
  }
}

template <class S, class T>
GPTORCH_TARGET void dropChunks(const T* input, T* output, int64_t firstChunk, int64_t lastChunk, int64_t numel,
                               const DropoutMask& mask) {
  using Mask = DropoutMask;
  alignas(64) float factors[Mask::kPerLane][Mask::kLanes];
  for (int64_t chunk = firstChunk; chunk < lastChunk; ++chunk) {
    chunkFactors<S>(mask, chunk, factors);
    const int64_t base = chunk * Mask::kChunk, left = numel - base;
    // Of a length that the compiler knows: the loop has no tail.
    if (left >= Mask::kChunk) {
      applyFactors(&factors[0][0], input + base, output + base, Mask::kChunk);
    } else {
      applyFactors(&factors[0][0], input + base, output + base, left);
    }
  }
}

template <class S>
DropKernels dropKernelsOf() {
  return {dropChunks<S, float>, dropChunks<S, double>, dropChunks<S, c10::BFloat16>, dropChunks<S, c10::Half>};
}

}  // namespace gptorch::ops
