#include "ops/dropout/philox.h"

#include <array>

#include "check.h"

namespace gptorch::test {

namespace {

constexpr int kLanes = 16;

struct Vector {
  std::array<uint32_t, 4> counter;
  std::array<uint32_t, 2> key;
  std::array<uint32_t, 4> expected;
};

/// philox4x32, 10 rounds, of `kat_vectors` in Random123 (Salmon et al. 2011): zeros, ones, digits of pi.
constexpr Vector kKnown[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

void givesTheKnownAnswers() {
  for (const Vector& known : kKnown) {
    uint32_t words[4][1];
    Philox{{known.key[0], known.key[1]}}.block(known.counter[0], known.counter[1], known.counter[2], known.counter[3],
                                               words);
    for (size_t w = 0; w < 4; ++w) checkEqual(words[w][0], known.expected[w]);
  }
}

/// Also where the counter passes 2^32 within the block.
void lanesAreConsecutiveCounters() {
  const Philox philox{{1, 2}};
  for (const uint32_t first : {0U, 1000U, 0xfffffff8U}) {
    uint32_t block[4][kLanes];
    philox.block(first, 5, 6, 7, block);
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      uint32_t alone[4][1];
      philox.block(first + lane, 5, 6, 7, alone);
      for (size_t w = 0; w < 4; ++w) checkEqual(block[w][lane], alone[w][0]);
    }
  }
}

}  // namespace

std::vector<Test> philoxTests() {
  return {{"Philox gives Random123's known answers", givesTheKnownAnswers},
          {"Philox's lanes are consecutive counters", lanesAreConsecutiveCounters}};
}

}  // namespace gptorch::test
