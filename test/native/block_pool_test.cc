#include "decode/block_pool.h"

#include <map>
#include <random>
#include <set>

#include "check.h"

namespace gptorch::test {

namespace {

using Tokens = std::vector<int64_t>;

void takesFreeBlocksFirstThenThoseKeptLongest() {
  BlockPool pool;
  check(!pool.take().has_value(), "there is none yet");
  pool.grow(3);
  const int32_t first = *pool.take(), second = *pool.take();
  pool.seal(first, kEmptyPrefix, Tokens{1, 2});
  pool.seal(second, kEmptyPrefix, Tokens{3, 4});
  pool.release(first);
  pool.release(second);
  checkEqual(pool.kept(), int64_t{2});
  checkEqual(pool.used(), int64_t{0});
  const int32_t third = *pool.take();
  check(third != first && third != second, "the free one");
  checkEqual(*pool.take(), first);
  check(!pool.find(kEmptyPrefix, Tokens{1, 2}), "what it held is forgotten");
  check(pool.find(kEmptyPrefix, Tokens{3, 4}).has_value(), "what is still kept is found");
  check(!pool.take().has_value(), "all are held");
}

void keepsABlockUntilItsLastHolderLetsGo() {
  BlockPool pool;
  pool.grow(1);
  const int32_t block = *pool.take();
  check(!pool.isShared(block), "one holder");
  pool.share(block);
  check(pool.isShared(block), "two holders");
  pool.release(block);
  checkEqual(pool.used(), int64_t{1});
  pool.release(block);
  checkEqual(pool.used(), int64_t{0});
  checkEqual(pool.free(), int64_t{1});
}

void findsBlocksBehindTheirPrefixAlone() {
  BlockPool pool;
  pool.grow(4);
  const Tokens same{7, 7};
  const int32_t first = *pool.take(), second = *pool.take();
  const Prefix one = pool.seal(first, kEmptyPrefix, same);
  const Prefix two = pool.seal(second, one, same);
  check(one != two, "another place, another prefix");
  checkEqual(pool.find(kEmptyPrefix, same)->block, first);
  checkEqual(pool.find(one, same)->block, second);
  check(!pool.find(two, same), "nothing comes behind");
  const int32_t twin = *pool.take();
  checkEqual(pool.seal(twin, kEmptyPrefix, same), one);
  pool.release(twin);
  checkEqual(pool.free(), int64_t{2});
}

void forgetsWhatItKeepsAndWhatIsHeld() {
  BlockPool pool;
  pool.grow(2);
  const int32_t kept = *pool.take(), held = *pool.take();
  pool.seal(kept, kEmptyPrefix, Tokens{1});
  pool.seal(held, kEmptyPrefix, Tokens{2});
  pool.release(kept);
  pool.forget();
  checkEqual(pool.free(), int64_t{1});
  checkEqual(pool.used(), int64_t{1});
  check(!pool.find(kEmptyPrefix, Tokens{2}), "not while it is held");
  pool.release(held);
  checkEqual(pool.free(), int64_t{2});
}

/// Tokens whose hashes meet are told apart: few buckets' worth of words, many entries, each looked up.
void neverFindsOtherTokens() {
  PrefixIndex index;
  std::map<std::pair<Prefix, Tokens>, Prefix> expected;
  std::mt19937 random(1);
  std::vector<Prefix> prefixes = {kEmptyPrefix};
  for (int32_t block = 0; block < 20000; ++block) {
    const Prefix before = prefixes[random() % prefixes.size()];
    const Tokens tokens = {static_cast<int64_t>(random() % 4), static_cast<int64_t>(random() % 4)};
    const auto known = expected.find({before, tokens});
    const PrefixIndex::Entry entry = index.add(before, tokens, block);
    if (known != expected.end()) {
      checkEqual(entry.prefix, known->second);
      check(!index.holds(block), "the first stays");
    } else {
      expected.emplace(std::pair(before, tokens), entry.prefix);
      prefixes.push_back(entry.prefix);
      checkEqual(entry.block, block);
    }
  }
  for (const auto& [key, prefix] : expected) checkEqual(index.find(key.first, key.second)->prefix, prefix);
}

/// Any order of calls leaves each block either held, kept or free.
void losesNoBlock() {
  BlockPool pool;
  std::mt19937 random(2);
  std::map<int32_t, int> holders;
  std::set<int32_t> sealed;
  for (int i = 0; i < 50000; ++i) {
    switch (random() % 6) {
      case 0:
        if (pool.size() < 40) pool.grow(pool.size() + 1);
        break;
      case 1:
        if (const auto block = pool.take()) {
          check(holders.emplace(*block, 1).second, "nobody held it");
          sealed.erase(*block);
        }
        break;
      case 2:
        if (const auto entry = pool.find(kEmptyPrefix, Tokens{static_cast<int64_t>(random() % 30)})) {
          ++holders[entry->block];
        }
        break;
      case 3:
        if (random() % 500 == 0) pool.forget();
        break;
      default:
        if (holders.empty()) break;
        auto held = std::next(holders.begin(), static_cast<long>(random() % holders.size()));
        if (random() % 2 == 0 && sealed.insert(held->first).second) {
          pool.seal(held->first, kEmptyPrefix, Tokens{static_cast<int64_t>(random() % 30)});
        }
        pool.release(held->first);
        if (--held->second == 0) holders.erase(held);
    }
    checkEqual(pool.used(), static_cast<int64_t>(holders.size()));
    checkEqual(pool.used() + pool.kept() + pool.free(), pool.size());
  }
}

}  // namespace

std::vector<Test> blockPoolTests() {
  return {{"the pool takes free blocks first, then those kept longest", takesFreeBlocksFirstThenThoseKeptLongest},
          {"the pool keeps a block until its last holder lets go", keepsABlockUntilItsLastHolderLetsGo},
          {"the pool finds blocks behind their prefix alone", findsBlocksBehindTheirPrefixAlone},
          {"the pool forgets what it keeps and what is held", forgetsWhatItKeepsAndWhatIsHeld},
          {"the prefix index never finds other tokens", neverFindsOtherTokens},
          {"the pool loses no block", losesNoBlock}};
}

}  // namespace gptorch::test
