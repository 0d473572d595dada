#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ops/causal_attention/block_product.h"
#include "ops/causal_attention/head_kernels.h"
#include "ops/causal_attention/panels.h"
#include "ops/causal_attention/weight_rows.h"

// The forward pass of a head, for the class of ops/simd that GPTORCH_SIMD names.
namespace gptorch::ops::causal_attention {

/// Columns of the block of keys from `key` on that a query sees.
template <class T>
Range seenBy(const Head<T>& head, int64_t query, int64_t key) {
  return {std::max<int64_t>(0, head.first(query) - key), std::min(kKeys, query + 1 - key)};
}

/// Columns that are computed for the queries from `first` on, `count` of them: what any of them sees, in whole runs of
/// kLanes.
template <class S>
GPTORCH_TARGET Range computedFor(const Head<typename S::Element>& head, int64_t first, int64_t count, int64_t key) {
  const Range low = seenBy(head, first, key), high = seenBy(head, first + count - 1, key);
  return {low.low / kColumnStep * kColumnStep, (high.high + kColumnStep - 1) / kColumnStep * kColumnStep};
}

/// scores (count, kKeys) of a row group: rows · panels, in the columns of `computed`.
template <class S>
GPTORCH_TARGET void multiplyPanels(const Factor<typename S::Element>& rows, int64_t count,
                                   const typename S::Element* panels, int64_t width, Range computed,
                                   typename S::Element* scores) {
  for (int64_t from = computed.low; from < computed.high;) {
    const int64_t in = from % kPanel, columns = std::min(kPanel - in, computed.high - from);
    multiply<S>(rows, count, panels + from / kPanel * kPanel * width + in, kPanel, width, scores + from, kKeys, columns,
                false);
    from += columns;
  }
}

template <class S>
class ForwardPass {
  using T = typename S::Element;

 public:
  /// Of the keys from `low` up to `high`.
  GPTORCH_TARGET ForwardPass(const Head<T>& head, const HeadOutput<T>& to, int64_t low, int64_t high,
                             Scratch<T>& scratch)
      : head_(head), to_(to), base_(low / kKeys * kKeys), padded_(paddedWidth<S>(head.width)) {
    const int64_t count = high - base_;
    scratch.reset(scratch.padded(transposedSize(count, head.width)) + scratch.padded(count * padded_) +
                  scratch.padded(kQueries * padded_) + scratch.padded(kQueries * kKeys));
    keys_ = scratch.take(transposedSize(count, head.width));
    values_ = scratch.take(count * padded_);
    sums_ = scratch.take(kQueries * padded_);
    scores_ = scratch.take(kQueries * kKeys);
    packTransposed<S>(head.key, base_, count, head.width, keys_);
    packRows<S>(head.value, base_, count, head.width, values_);
  }

  /// The queries of a block.
  GPTORCH_TARGET void run(int64_t block) {
    const int64_t first = block * kQueries, last = std::min(first + kQueries, head_.length);
    std::fill_n(sums_, kQueries * padded_, T(0));
    for (RunningSoftmax<T>& each : running_) each = {};
    for (int64_t key = head_.first(first) / kKeys * kKeys; key < last; key += kKeys) {
      for (int64_t query = first; query < last; query += kRowGroup) {
        attend(query, std::min<int64_t>(kRowGroup, last - query), query - first, key);
      }
    }
    for (int64_t query = first; query < last; ++query) finish(query, query - first);
  }

 private:
  /// A row group's part of a block of keys. `row`: of the group's first query in the block.
  GPTORCH_TARGET void attend(int64_t query, int64_t count, int64_t row, int64_t key) {
    const Range computed = computedFor<S>(head_, query, count, key);
    if (computed.empty()) return;
    T* const scores = scores_ + row * kKeys;
    multiplyPanels<S>({head_.query[query], head_.query.stride, 1}, count, keys_ + (key - base_) * head_.width,
                      head_.width, computed, scores);
    Range mixed = seenBy(head_, query, key);
    for (int64_t r = 0; r < count; ++r) {
      const Range seen = seenBy(head_, query + r, key);
      mixed = {std::min(mixed.low, seen.low), std::max(mixed.high, seen.high)};
      weigh(scores + r * kKeys, query + r, row + r, key, computed, seen);
    }
    multiply<S>({scores + mixed.low, kKeys, 1}, count, values_ + (key - base_ + mixed.low) * padded_, padded_,
                mixed.high - mixed.low, sums_ + row * padded_, padded_, padded_, true);
  }

  /// A query's scores become weights.
  GPTORCH_TARGET void weigh(T* scores, int64_t query, int64_t row, int64_t key, Range computed, Range seen) {
    if (seen.empty()) {
      std::fill(scores + computed.low, scores + computed.high, T(0));
      return;
    }
    const T* const factors =
        head_.mask ? factors_.at(*head_.mask, head_.maskPlace + query * head_.length + key, computed) : nullptr;
    const bool begins = running_[row].sum == 0;
    const T factor = exponentials<S>(scores, computed, seen, head_.scale, factors, running_[row]);
    if (begins || factor == 1) return;
    T* const sums = sums_ + row * padded_;
    for (int64_t d = 0; d < padded_; d += S::kWidth) S::store(sums + d, S::load(sums + d) * S::broadcast(factor));
  }

  GPTORCH_TARGET void finish(int64_t query, int64_t row) {
    const RunningSoftmax<T>& running = running_[row];
    storeRow<S>(sums_ + row * padded_, head_.width, S::broadcast(1 / running.sum), to_.output[query]);
    to_.logSumExp[query] = running.highest * head_.scale + std::log(running.sum);
  }

  const Head<T>& head_;
  const HeadOutput<T>& to_;
  /// Position of the first packed key.
  const int64_t base_, padded_;
  T *keys_, *values_, *sums_, *scores_;
  RunningSoftmax<T> running_[kQueries];
  RowFactors<S> factors_;
};

template <class S>
GPTORCH_TARGET void forward(const Head<typename S::Element>& head, const HeadOutput<typename S::Element>& to,
                            int64_t first, int64_t last, Scratch<typename S::Element>& scratch) {
  const int64_t blocks = head.blocks();
  const int64_t low = head.first(first * kQueries), high = std::min((blocks - first) * kQueries, head.length);
  ForwardPass<S> pass(head, to, low, high, scratch);
  for (int64_t pair = first; pair < last; ++pair) {
    pass.run(pair);
    if (blocks - 1 - pair != pair) pass.run(blocks - 1 - pair);
  }
}

}  // namespace gptorch::ops::causal_attention
