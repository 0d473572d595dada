#include <limits>
#include <string>

#include "check.h"
#include "ops/dropout/mask.h"

namespace gptorch::test {

namespace {

using Mask = ops::DropoutMask;

/// The CPU's kernel takes the 16 lanes of a chunk together, CUDA's a lane a thread.
void lanesAloneDropTheSame() {
  const Mask mask = Mask::of(0.3, 0x123456789abcdef0, int64_t{5} << 33, 7);
  for (const int64_t chunk : {int64_t{0}, int64_t{41}, int64_t{1} << 28}) {
    float together[Mask::kPerLane][Mask::kLanes];
    mask.factors(Mask::counterOf(chunk, 0), together);
    for (int lane = 0; lane < Mask::kLanes; ++lane) {
      float alone[Mask::kPerLane][1];
      mask.factors(Mask::counterOf(chunk, lane), alone);
      for (int k = 0; k < Mask::kPerLane; ++k) checkEqual(alone[k][0], together[k][lane]);
    }
  }
}

/// Each element of a chunk belongs to one lane, and factors[k][lane] read as a list are in the elements' order.
void placesCoverAChunk() {
  for (const int64_t chunk : {int64_t{0}, int64_t{3}}) {
    for (int64_t j = 0; j < Mask::kChunk; ++j) {
      const int k = static_cast<int>(j / Mask::kLanes), lane = static_cast<int>(j % Mask::kLanes);
      checkEqual(Mask::placeOf(chunk, k, lane), chunk * Mask::kChunk + j);
    }
  }
}

void keepsTheShareItSays() {
  const Mask mask = Mask::of(0.25, 1, 2, 3);
  checkEqual(mask.scale, 4.0f / 3.0f);
  int kept = 0;
  constexpr int kChunks = 1000;
  for (int64_t chunk = 0; chunk < kChunks; ++chunk) {
    float factor[Mask::kPerLane][Mask::kLanes];
    mask.factors(Mask::counterOf(chunk, 0), factor);
    for (const auto& lanes : factor) {
      for (const float each : lanes) {
        check(each == 0.0f || each == mask.scale, "a factor is " + std::to_string(each));
        kept += each != 0.0f;
      }
    }
  }
  const double share = static_cast<double>(kept) / (kChunks * Mask::kChunk);
  // Five standard deviations of 128,000 draws.
  check(std::abs(share - 0.75) < 0.0061, "a share of " + std::to_string(share) + " is kept");
}

void droppedIsZeroWhateverItWas() {
  checkEqual(Mask::apply(0.0f, std::numeric_limits<float>::infinity()), 0.0f);
  checkEqual(Mask::apply(2.0f, 1.5), 3.0);
  check(Mask::of(0, 1, 1, 1).dropsNone() && Mask::of(1, 1, 1, 1).dropsAll(), "0 drops none and 1 all");
}

}  // namespace

std::vector<Test> dropoutMaskTests() {
  return {{"a lane alone drops what it drops among 16", lanesAloneDropTheSame},
          {"places of a dropout cover a chunk", placesCoverAChunk},
          {"dropout keeps the share that it says", keepsTheShareItSays},
          {"what is dropped is 0 whatever it was", droppedIsZeroWhateverItWas}};
}

}  // namespace gptorch::test
