// Faults on purpose, compiled into sanitizer builds alone. Each run asks for them first: a sanitizer that does not
// report them is not on, and its silence about everything else would mean nothing.
#pragma once

#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace gptorch {

/// Writes behind a block of the heap.
inline void overflowHeap() {
  const auto block = std::make_unique<char[]>(64);
  volatile size_t behind = 64;
  block[behind] = 1;
}

inline void overflowInteger() {
  volatile int number = std::numeric_limits<int>::max();
  number = number + 1;
}

/// Two threads write the same number; whether they meet does not matter to the sanitizer.
inline void raceForData() {
  int shared = 0;
  std::thread other([&shared] { ++shared; });
  ++shared;
  other.join();
}

inline void plantFault(const std::string& kind) {
  if (kind == "heap-overflow") return overflowHeap();
  if (kind == "integer-overflow") return overflowInteger();
  if (kind == "data-race") return raceForData();
  throw std::invalid_argument("unknown fault '" + kind + "'");
}

}  // namespace gptorch
