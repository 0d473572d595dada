#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "decode/prefix_index.h"

namespace gptorch {

/// Which blocks of the key-value cache are held, and by how many sequences. A block that nobody holds any more is kept
/// under what it holds (as in vLLM's automatic prefix caching) until its place is needed; then those go first that were
/// let go of first. Free of torch, so that it is tested alone.
class BlockPool {
 public:
  /// Blocks that there are.
  int64_t size() const { return static_cast<int64_t>(states_.size()); }
  /// Those that somebody holds; what several hold counts once.
  int64_t used() const { return size() - available(); }
  /// Those that nobody holds and whose contents can be found.
  int64_t kept() const { return static_cast<int64_t>(kept_.size()); }
  /// Those whose contents mean nothing.
  int64_t free() const { return static_cast<int64_t>(free_.size()); }
  /// Those that can be taken.
  int64_t available() const { return free() + kept(); }

  /// Adds blocks until there are `size`.
  void grow(int64_t size);

  /// A block for one holder: a free one, else the one that has been kept longest. None where all are held.
  std::optional<int32_t> take();
  /// One more holder of a block that is held.
  void share(int32_t block);
  /// One holder fewer. Of a sequence, release the last block first: the beginning is worth more than what follows it.
  void release(int32_t block);
  bool isShared(int32_t block) const { return states_[block].holders > 1; }

  /// Takes hold of the block that has these tokens behind a prefix.
  std::optional<PrefixIndex::Entry> find(Prefix before, std::span<const int64_t> tokens);
  /// Says what a full block holds, once: from now on it can be found.
  /// @return the prefix that ends with these tokens
  Prefix seal(int32_t block, Prefix before, std::span<const int64_t> tokens);

  /// Of no block, held or not, the contents can be found any more.
  void forget();

 private:
  struct State {
    int32_t holders = 0;
    /// Its place among the kept, where it is one of them.
    std::list<int32_t>::iterator place;
  };

  std::vector<State> states_;
  std::vector<int32_t> free_;
  /// In the order in which they were let go of.
  std::list<int32_t> kept_;
  PrefixIndex index_;
};

}  // namespace gptorch
