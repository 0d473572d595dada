#include "io/xxh64.h"

#include <string>

#include "check.h"

namespace gptorch::test {

namespace {

struct Known {
  std::string text;
  uint64_t hash;
};

/// Published values; lengths below and above 32, and each kind of rest.
void givesTheKnownAnswers() {
  const Known known[] = {
      {"", 0xef46db3751d8e999},
      {"a", 0xd24ec4f1a98c6e5b},
      {"abc", 0x44bc2cf5ad770999},
      {"123456789", 0x8cb841db40e6ae83},
      {"Nobody inspects the spammish repetition", 0xfbcea83c8a378bf1},
  };
  for (const Known& each : known) checkEqual(xxh64(each.text.data(), each.text.size()), each.hash);
}

/// Tensors of a file begin at any byte.
void readsAtAnyAddress() {
  const std::string text = "Nobody inspects the spammish repetition";
  for (size_t shift = 0; shift < 8; ++shift) {
    const std::string shifted = std::string(shift, ' ') + text;
    checkEqual(xxh64(shifted.data() + shift, text.size()), 0xfbcea83c8a378bf1);
  }
}

}  // namespace

std::vector<Test> xxh64Tests() {
  return {{"XXH64 gives the known answers", givesTheKnownAnswers}, {"XXH64 reads at any address", readsAtAnyAddress}};
}

}  // namespace gptorch::test
