#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/causal_attention/forward_of.h"

// The backward pass of a head, for the class of ops/simd that GPTORCH_SIMD names.
namespace gptorch::ops::causal_attention {

template <class S>
class BackwardPass {
  using T = typename S::Element;

 public:
  GPTORCH_TARGET BackwardPass(const Head<T>& head, const HeadGradients<T>& to, Scratch<T>& scratch)
      : head_(head), to_(to), padded_(paddedWidth<S>(head.width)) {
    const int64_t whole = head.length * padded_, keys = std::min(kKeys, head.length);
    const int64_t panels = transposedSize(keys, head.width), scores = kQueries * kKeys;
    scratch.reset(3 * scratch.padded(whole) + scratch.padded(head.length) + 3 * scratch.padded(keys * padded_) +
                  2 * scratch.padded(panels) + 2 * scratch.padded(scores));
    queries_ = scratch.take(whole);
    gradOutput_ = scratch.take(whole);
    gradQuery_ = scratch.take(whole);
    delta_ = scratch.take(head.length);
    keys_ = scratch.take(keys * padded_);
    gradKey_ = scratch.take(keys * padded_);
    gradValue_ = scratch.take(keys * padded_);
    keyPanels_ = scratch.take(panels);
    valuePanels_ = scratch.take(panels);
    scores_ = scratch.take(scores);
    gradients_ = scratch.take(scores);
  }

  GPTORCH_TARGET void run() {
    packRows<S>(head_.query, 0, head_.length, head_.width, queries_);
    packRows<S>(to_.gradOutput, 0, head_.length, head_.width, gradOutput_);
    std::fill_n(gradQuery_, head_.length * padded_, T(0));
    for (int64_t query = 0; query < head_.length; ++query) {
      delta_[query] = dot<S>(to_.output[query], to_.gradOutput[query], head_.width);
    }
    for (int64_t key = 0; key < head_.length; key += kKeys) runKeys(key);
    unpack(gradQuery_, 0, head_.length, to_.query);
  }

 private:
  GPTORCH_TARGET void runKeys(int64_t key) {
    const int64_t count = std::min(kKeys, head_.length - key);
    packTransposed<S>(head_.key, key, count, head_.width, keyPanels_);
    packTransposed<S>(head_.value, key, count, head_.width, valuePanels_);
    packRows<S>(head_.key, key, count, head_.width, keys_);
    std::fill_n(gradKey_, count * padded_, T(0));
    std::fill_n(gradValue_, count * padded_, T(0));
    // The last query that sees any of them.
    const int64_t end = std::min(head_.length, key + count - 1 + head_.window);
    for (int64_t first = key; first < end; first += kQueries) {
      const int64_t last = std::min(first + kQueries, end);
      for (int64_t query = first; query < last; query += kRowGroup) {
        runQueries(query, std::min<int64_t>(kRowGroup, head_.length - query), query - first, key);
      }
      for (int64_t row = 0; row < count; row += kRowGroup) {
        addKeys(row, std::min<int64_t>(kRowGroup, count - row), key, first, last);
      }
    }
    unpack(gradKey_, key, count, to_.key);
    unpack(gradValue_, key, count, to_.value);
  }

  /// Weights and score gradients of a row group, and what they add to the queries' gradient.
  GPTORCH_TARGET void runQueries(int64_t query, int64_t count, int64_t row, int64_t key) {
    const Range computed = computedFor<S>(head_, query, count, key);
    if (computed.empty()) return;
    T *const scores = scores_ + row * kKeys, *const gradients = gradients_ + row * kKeys;
    multiplyPanels<S>({queries_ + query * padded_, padded_, 1}, count, keyPanels_, head_.width, computed, scores);
    multiplyPanels<S>({gradOutput_ + query * padded_, padded_, 1}, count, valuePanels_, head_.width, computed,
                      gradients);
    Range mixed = seenBy(head_, query, key);
    for (int64_t r = 0; r < count; ++r) {
      const Range seen = seenBy(head_, query + r, key);
      T *const score = scores + r * kKeys, *const gradient = gradients + r * kKeys;
      if (seen.empty()) {
        std::fill(score + computed.low, score + computed.high, T(0));
        std::fill(gradient + computed.low, gradient + computed.high, T(0));
        continue;
      }
      mixed = {std::min(mixed.low, seen.low), std::max(mixed.high, seen.high)};
      const T* const factors =
          head_.mask ? factors_.at(*head_.mask, head_.maskPlace + (query + r) * head_.length + key, computed) : nullptr;
      scoreGradients<S>(score, gradient, computed, seen, head_.scale, to_.logSumExp[query + r], delta_[query + r],
                        factors);
    }
    multiply<S>({gradients + mixed.low, kKeys, 1}, count, keys_ + mixed.low * padded_, padded_, mixed.high - mixed.low,
                gradQuery_ + query * padded_, padded_, padded_, true);
  }

  /// What the queries from `first` to `last` add to the gradients of a group of keys, `row` in its block.
  GPTORCH_TARGET void addKeys(int64_t row, int64_t count, int64_t key, int64_t first, int64_t last) {
    const int64_t low = std::max(first, key + row), high = std::min(last, key + row + count - 1 + head_.window);
    if (low >= high) return;
    const int64_t at = (low - first) * kKeys + row;
    multiply<S>({scores_ + at, 1, kKeys}, count, gradOutput_ + low * padded_, padded_, high - low,
                gradValue_ + row * padded_, padded_, padded_, true);
    multiply<S>({gradients_ + at, 1, kKeys}, count, queries_ + low * padded_, padded_, high - low,
                gradKey_ + row * padded_, padded_, padded_, true);
  }

  GPTORCH_TARGET void unpack(const T* from, int64_t first, int64_t count, Rows<T> to) {
    for (int64_t i = 0; i < count; ++i) storeRow<S>(from + i * padded_, head_.width, S::broadcast(1), to[first + i]);
  }

  const Head<T>& head_;
  const HeadGradients<T>& to_;
  const int64_t padded_;
  T *queries_, *gradOutput_, *gradQuery_, *delta_;
  T *keys_, *gradKey_, *gradValue_, *keyPanels_, *valuePanels_;
  T *scores_, *gradients_;
  RowFactors<S> factors_;
};

template <class S>
GPTORCH_TARGET void backward(const Head<typename S::Element>& head, const HeadGradients<typename S::Element>& to,
                             Scratch<typename S::Element>& scratch) {
  BackwardPass<S>(head, to, scratch).run();
}

}  // namespace gptorch::ops::causal_attention
