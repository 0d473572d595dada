#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gptorch {

/// XXH64 (Yann Collet, xxHash specification 0.1.1) with seed 0: notices damage, is no defence against intent.
inline uint64_t xxh64(const void* data, size_t bytes) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t p1 = 0x9E3779B185EBCA87, p2 = 0xC2B2AE3D27D4EB4F, p3 = 0x165667B19E3779F9;
  constexpr uint64_t p4 = 0x85EBCA77C2B2AE63, p5 = 0x27D4EB2F165667C5;
  const auto round = [](uint64_t lane, uint64_t word) { return std::rotl(lane + word * p2, 31) * p1; };
  const auto* next = static_cast<const unsigned char*>(data);
  const auto take = [&next]<typename Word>(Word& word) {
    std::memcpy(&word, next, sizeof(Word));
    next += sizeof(Word);
  };
  uint64_t word = 0, hash = p5;
  size_t left = bytes;
  if (left >= 32) {
    uint64_t lanes[4] = {p1 + p2, p2, 0, 0 - p1};
    for (; left >= 32; left -= 32) {
      for (uint64_t& lane : lanes) {
        take(word);
        lane = round(lane, word);
      }
    }
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    for (const uint64_t lane : lanes) hash = (hash ^ round(0, lane)) * p1 + p4;
  }
  hash += bytes;
  for (; left >= 8; left -= 8) {
    take(word);
    hash = std::rotl(hash ^ round(0, word), 27) * p1 + p4;
  }
  if (left >= 4) {
    uint32_t half = 0;
    take(half);
    hash = std::rotl(hash ^ (half * p1), 23) * p2 + p3;
    left -= 4;
  }
  for (; left > 0; --left) {
    unsigned char byte = 0;
    take(byte);
    hash = std::rotl(hash ^ (byte * p5), 11) * p1;
  }
  hash = (hash ^ (hash >> 33)) * p2;
  hash = (hash ^ (hash >> 29)) * p3;
  return hash ^ (hash >> 32);
}

}  // namespace gptorch
