#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "ops/dropout/mask.h"

// A dropout's factors by vectors, for the class of ops/simd that GPTORCH_SIMD names.
namespace gptorch::ops {

/// x · factor of each word: `x` becomes the lower half; the upper half is returned.
template <class S>
GPTORCH_INLINE typename S::Words multiplyWords(typename S::Words& x, uint32_t factor) {
  using Words = typename S::Words;
  using Wide = typename S::WideWords;
  constexpr uint64_t kLower = 0xFFFFFFFF;
  const Wide factors = Wide{} + factor, words = reinterpret_cast<Wide>(x);
  const Wide even = S::multiplyLower(words, factors), odd = S::multiplyLower(words >> 32, factors);
  x = reinterpret_cast<Words>((even & kLower) | (odd << 32));
  return reinterpret_cast<Words>((even >> 32) | (odd & ~kLower));
}

/// What mask.factors(mask.counterOf(chunk, 0), factors) gives.
template <class S>
GPTORCH_TARGET void chunkFactors(const DropoutMask& mask, int64_t chunk,
                                 float (&factors)[DropoutMask::kPerLane][DropoutMask::kLanes]) {
  using Words = typename S::Words;
  typedef int32_t Signed __attribute__((vector_size(sizeof(Words))));
  constexpr int kWidth = sizeof(Words) / sizeof(uint32_t);
  Words places;
  for (int i = 0; i < kWidth; ++i) places[i] = i;
  // Both fit signed numbers, which every instruction set compares.
  const Signed threshold = Signed{} + static_cast<int32_t>(mask.threshold);
  const Words scale = Words{} + std::bit_cast<uint32_t>(mask.scale);
  for (int lane = 0; lane < DropoutMask::kLanes; lane += kWidth) {
    Words x0 = places + DropoutMask::counterOf(chunk, lane), x1 = Words{} + mask.ordinal;
    Words x2 = Words{} + mask.step[0], x3 = Words{} + mask.step[1];
    uint32_t key0 = mask.philox.key[0], key1 = mask.philox.key[1];
    for (int round = 0; round < Philox::kRounds; ++round) {
      const Words upper0 = multiplyWords<S>(x0, Philox::kMultiplier0);
      const Words upper2 = multiplyWords<S>(x2, Philox::kMultiplier1);
      const Words next0 = upper2 ^ x1 ^ key0, next2 = upper0 ^ x3 ^ key1;
      x1 = x2;
      x3 = x0;
      x0 = next0;
      x2 = next2;
      key0 += Philox::kWeyl0;
      key1 += Philox::kWeyl1;
    }
    const Words words[4] = {x0, x1, x2, x3};
    for (int word = 0; word < 4; ++word) {
      const Signed lower = reinterpret_cast<Signed>(words[word] & 0xFFFF);
      const Signed upper = reinterpret_cast<Signed>(words[word] >> 16);
      const Words first = reinterpret_cast<Words>(lower >= threshold) & scale;
      const Words second = reinterpret_cast<Words>(upper >= threshold) & scale;
      std::memcpy(&factors[word][lane], &first, sizeof first);
      std::memcpy(&factors[word + 4][lane], &second, sizeof second);
    }
  }
}

}  // namespace gptorch::ops
