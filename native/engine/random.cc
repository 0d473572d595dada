#include "engine/random.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include "ops/dropout/philox.h"

namespace gptorch {

namespace {

/// SplitMix64's finaliser (Steele et al. 2014): neighbouring keys give unrelated seeds.
uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

at::Generator generatorFor(const RandomKey& key, const at::Device& device) {
  const uint64_t seed = mix(mix(mix(static_cast<uint64_t>(key.seed)) ^ static_cast<uint64_t>(key.step)) ^
                            static_cast<uint64_t>(key.ordinal));
  if (device.is_cpu()) return at::detail::createCPUGenerator(seed);
  at::Generator generator = at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return generator;
}

double uniform(const RandomKey& key, uint32_t index) {
  const auto seed = static_cast<uint64_t>(key.seed), step = static_cast<uint64_t>(key.step);
  const Philox philox{{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}};
  uint32_t words[4][1];
  philox.block<1>(index, static_cast<uint32_t>(key.ordinal), static_cast<uint32_t>(step),
                  static_cast<uint32_t>(step >> 32), words);
  // 53 bits, as many as a double has.
  const uint64_t bits = (static_cast<uint64_t>(words[0][0]) << 21) ^ (words[1][0] >> 11);
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace gptorch
