#include "decode/block_pool.h"

namespace gptorch {

void BlockPool::grow(int64_t size) {
  const int64_t before = this->size();
  if (size <= before) return;
  states_.resize(static_cast<size_t>(size));
  // The lowest is taken first.
  for (int64_t block = size; block-- > before;) free_.push_back(static_cast<int32_t>(block));
}

std::optional<int32_t> BlockPool::take() {
  int32_t block = 0;
  if (!free_.empty()) {
    block = free_.back();
    free_.pop_back();
  } else if (!kept_.empty()) {
    block = kept_.front();
    kept_.pop_front();
    index_.remove(block);
  } else {
    return std::nullopt;
  }
  states_[block].holders = 1;
  return block;
}

void BlockPool::share(int32_t block) { ++states_[block].holders; }

void BlockPool::release(int32_t block) {
  if (--states_[block].holders > 0) return;
  if (index_.holds(block)) {
    states_[block].place = kept_.insert(kept_.end(), block);
  } else {
    free_.push_back(block);
  }
}

std::optional<PrefixIndex::Entry> BlockPool::find(Prefix before, std::span<const int64_t> tokens) {
  const std::optional<PrefixIndex::Entry> entry = index_.find(before, tokens);
  if (!entry) return std::nullopt;
  State& state = states_[entry->block];
  if (state.holders++ == 0) kept_.erase(state.place);
  return entry;
}

Prefix BlockPool::seal(int32_t block, Prefix before, std::span<const int64_t> tokens) {
  return index_.add(before, tokens, block).prefix;
}

void BlockPool::forget() {
  index_.clear();
  free_.insert(free_.end(), kept_.begin(), kept_.end());
  kept_.clear();
}

}  // namespace gptorch
