#include "decode/prefix_index.h"

#include <algorithm>

namespace gptorch {

namespace {

/// FNV-1a over 64-bit words, with a shift so that high bits reach low ones.
uint64_t hashOf(Prefix before, std::span<const int64_t> tokens) {
  uint64_t hash = 0xCBF29CE484222325ULL;
  const auto take = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0x100000001B3ULL;
    hash ^= hash >> 32;
  };
  take(before);
  for (const int64_t token : tokens) take(static_cast<uint64_t>(token));
  return hash;
}

}  // namespace

std::optional<PrefixIndex::Entry> PrefixIndex::find(Prefix before, std::span<const int64_t> tokens) const {
  const auto [first, last] = entries_.equal_range(hashOf(before, tokens));
  for (auto each = first; each != last; ++each) {
    const Stored& stored = each->second;
    if (stored.before == before && std::ranges::equal(stored.tokens, tokens)) return stored.entry;
  }
  return std::nullopt;
}

PrefixIndex::Entry PrefixIndex::add(Prefix before, std::span<const int64_t> tokens, int32_t block) {
  if (const std::optional<Entry> known = find(before, tokens)) return *known;
  const uint64_t hash = hashOf(before, tokens);
  const Entry entry = {next_++, block};
  entries_.emplace(hash, Stored{before, {tokens.begin(), tokens.end()}, entry});
  hashes_.emplace(block, hash);
  return entry;
}

void PrefixIndex::remove(int32_t block) {
  const auto hash = hashes_.find(block);
  if (hash == hashes_.end()) return;
  const auto [first, last] = entries_.equal_range(hash->second);
  const auto stored = std::find_if(first, last, [block](const auto& each) { return each.second.entry.block == block; });
  entries_.erase(stored);
  hashes_.erase(hash);
}

void PrefixIndex::clear() {
  entries_.clear();
  hashes_.clear();
}

}  // namespace gptorch
