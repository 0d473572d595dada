#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace gptorch {

/// A run of whole blocks from a sequence's first token on, by what they hold. Numbers are never used twice.
using Prefix = uint64_t;
constexpr Prefix kEmptyPrefix = 0;

/// Finds the block that holds given tokens behind a given prefix. A prefix stands for its tokens from the first on, and
/// the tokens themselves are compared, not their hash alone: what is found is what was looked for.
/// Free of torch, so that it is tested alone.
class PrefixIndex {
 public:
  struct Entry {
    Prefix prefix;
    int32_t block;
  };

  /// The block that holds `tokens` behind `before`, and the prefix that ends with it.
  std::optional<Entry> find(Prefix before, std::span<const int64_t> tokens) const;

  /// Enters a block; where an equal one is there already, that one stays.
  /// @return the entry that the index has now
  Entry add(Prefix before, std::span<const int64_t> tokens, int32_t block);

  bool holds(int32_t block) const { return hashes_.contains(block); }
  /// Takes a block's entry out, where it has one. What lies behind it is found no more.
  void remove(int32_t block);
  void clear();

 private:
  struct Stored {
    Prefix before;
    std::vector<int64_t> tokens;
    Entry entry;
  };

  std::unordered_multimap<uint64_t, Stored> entries_;
  /// Of the blocks that have an entry, the key that it is under.
  std::unordered_map<int32_t, uint64_t> hashes_;
  Prefix next_ = kEmptyPrefix + 1;
};

}  // namespace gptorch
