#pragma once

#include <cstdint>

#include "ops/host_device.h"

namespace gptorch {

/// Philox4x32-10, a counter-based generator: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
/// The same key and counter give the same numbers whatever was drawn before, on any thread.
struct Philox {
  uint32_t key[2];

  static constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  static constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  static constexpr int kRounds = 10;

  /// Runs `Lanes` counters side by side, so that the compiler vectorises the rounds.
  /// Counter of lane i: (first + i, c1, c2, c3). Output word w of lane i is out[w][i].
  template <int Lanes>
  GPTORCH_HOST_DEVICE void block(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3,
                                 uint32_t (&out)[4][Lanes]) const {
    for (int i = 0; i < Lanes; ++i) {
      out[0][i] = first + static_cast<uint32_t>(i);
      out[1][i] = c1;
      out[2][i] = c2;
      out[3][i] = c3;
    }
    uint32_t key0 = key[0], key1 = key[1];
    for (int round = 0; round < kRounds; ++round) {
      for (int i = 0; i < Lanes; ++i) {
        const uint64_t product0 = static_cast<uint64_t>(kMultiplier0) * out[0][i];
        const uint64_t product1 = static_cast<uint64_t>(kMultiplier1) * out[2][i];
        const uint32_t x0 = static_cast<uint32_t>(product1 >> 32) ^ out[1][i] ^ key0;
        const uint32_t x2 = static_cast<uint32_t>(product0 >> 32) ^ out[3][i] ^ key1;
        out[1][i] = static_cast<uint32_t>(product1);
        out[3][i] = static_cast<uint32_t>(product0);
        out[0][i] = x0;
        out[2][i] = x2;
      }
      key0 += kWeyl0;
      key1 += kWeyl1;
    }
  }
};

}  // namespace gptorch
