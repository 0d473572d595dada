#include "ops/block_attention/block_attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ops/block_attention/attention_kernels.h"
#include "ops/in_turn.h"
#include "ops/simd/instruction_set.h"

namespace gptorch::ops {

namespace {

constexpr int64_t kLength = AttentionBlocks::kLength;

const AttentionKernels& attentionKernels() {
  static const AttentionKernels kernels =
      kernelsFor<genericAttentionKernels, avx2AttentionKernels, avx512AttentionKernels>();
  return kernels;
}

/// Queries of one sequence, side by side.
struct QueryGroup {
  const AttentionTokens* tokens;
  /// Place of the first in its sequence; its rows of input and output.
  int64_t position, input, output;
  int count;
};

std::vector<QueryGroup> groupsOf(std::span<const AttentionTokens> sequences, bool lastOnly) {
  std::vector<QueryGroup> groups;
  int64_t input = 0, output = 0;
  for (const AttentionTokens& tokens : sequences) {
    for (int64_t first = lastOnly ? tokens.count - 1 : 0; first < tokens.count; first += kQueryGroup) {
      const int count = static_cast<int>(std::min<int64_t>(kQueryGroup, tokens.count - first));
      groups.push_back({&tokens, tokens.position + first, input + first, output, count});
      output += count;
    }
    input += tokens.count;
  }
  return groups;
}

/// The attention of a group of queries in one head.
class GroupAttention {
 public:
  GroupAttention(const QueryGroup& group, const AttentionBlocks& blocks, int64_t head, std::optional<int64_t> window)
      : group_(group), blocks_(blocks), head_(head), kernels_(attentionKernels()) {
    for (int q = 0; q < group.count; ++q) first_[q] = window ? std::max<int64_t>(0, last(q) + 1 - *window) : 0;
    base_ = first_[0] / kLength * kLength;
    const int64_t capacity = last(group.count - 1) / kLength * kLength + 2 * kLength - base_;
    thread_local std::vector<float> buffer;
    if (buffer.size() < static_cast<size_t>(capacity * group.count)) buffer.resize(capacity * group.count);
    for (int q = 0; q < group.count; ++q) scores_[q] = buffer.data() + q * capacity;
  }

  void run(const float* input, float* output) {
    const int64_t width = blocks_.headWidth;
    std::array<const float*, kQueryGroup> queries;
    for (int q = 0; q < group_.count; ++q) {
      queries[q] = input + (group_.input + q) * 3 * blocks_.inner() + head_ * width;
      sums_[q] = output + (group_.output + q) * blocks_.inner() + head_ * width;
      std::fill_n(sums_[q], width, 0.0f);
    }
    for (int64_t place = base_; place <= last(group_.count - 1); place += kLength) {
      std::array<float*, kQueryGroup> to;
      for (int q = 0; q < group_.count; ++q) to[q] = scores_[q] + place - base_;
      kernels_.score(queries.data(), group_.count, blocks_.keys + offset(place), width, to.data());
    }
    const float scale = 1 / std::sqrt(static_cast<float>(width));
    for (int q = 0; q < group_.count; ++q) {
      kernels_.softmax(scores_[q] + first_[q] - base_, last(q) + 1 - first_[q], scale);
    }
    // What all of them see in one pass; what only some see, before and after it, one by one: each query's order stays
    // ascending.
    const int64_t from = first_[group_.count - 1], to = last(0) + 1;
    if (from >= to) {
      for (int q = 0; q < group_.count; ++q) mix(q, 1, first_[q], last(q) + 1);
      return;
    }
    for (int q = 0; q < group_.count; ++q) mix(q, 1, first_[q], from);
    mix(0, group_.count, from, to);
    for (int q = 0; q < group_.count; ++q) mix(q, 1, to, last(q) + 1);
  }

 private:
  int64_t last(int q) const { return group_.position + q; }

  /// Where this head's part of the block of `place` begins, of keys and of values.
  int64_t offset(int64_t place) const {
    const int64_t block = group_.tokens->blocks[place / kLength];
    return (block * blocks_.heads + head_) * kLength * blocks_.headWidth;
  }

  void mix(int first, int count, int64_t from, int64_t to) {
    while (from < to) {
      const int64_t slot = from % kLength, now = std::min(kLength - slot, to - from);
      std::array<const float*, kQueryGroup> weights;
      for (int q = 0; q < count; ++q) weights[q] = scores_[first + q] + from - base_;
      kernels_.mix(weights.data(), count, now, blocks_.values + offset(from) + slot * blocks_.headWidth,
                   blocks_.headWidth, sums_.data() + first);
      from += now;
    }
  }

  const QueryGroup& group_;
  const AttentionBlocks& blocks_;
  const int64_t head_;
  const AttentionKernels& kernels_;
  /// First place that each query sees; place of the first score.
  std::array<int64_t, kQueryGroup> first_{};
  int64_t base_ = 0;
  std::array<float*, kQueryGroup> scores_{}, sums_{};
};

}  // namespace

void storeKeysAndValues(const float* input, std::span<const AttentionTokens> sequences, const AttentionBlocks& blocks) {
  const int64_t width = blocks.headWidth, inner = blocks.inner();
  const float* rows = input;
  for (const AttentionTokens& tokens : sequences) {
    inTurn(blocks.heads, tokens.count * width * 2, [&](int64_t head) {
      for (int64_t i = 0; i < tokens.count; ++i) {
        const float* const key = rows + i * 3 * inner + inner + head * width;
        const int64_t place = tokens.position + i, slot = place % kLength;
        const int64_t offset = (tokens.blocks[place / kLength] * blocks.heads + head) * kLength * width;
        for (int64_t d = 0; d < width; ++d) blocks.keys[offset + d * kLength + slot] = key[d];
        std::copy_n(key + inner, width, blocks.values + offset + slot * width);
      }
    });
    rows += tokens.count * 3 * inner;
  }
}

void blockAttention(const float* input, std::span<const AttentionTokens> sequences, const AttentionBlocks& blocks,
                    std::optional<int64_t> window, bool lastOnly, float* output) {
  const std::vector<QueryGroup> groups = groupsOf(sequences, lastOnly);
  const auto count = static_cast<int64_t>(groups.size());
  if (count == 0) return;
  int64_t places = 0;
  for (const QueryGroup& group : groups) {
    places += group.count * std::min(group.position + 1, window.value_or(group.position + 1));
  }
  inTurn(count * blocks.heads, places / count * 2 * blocks.headWidth,
         [&](int64_t task) { GroupAttention(groups[task % count], blocks, task / count, window).run(input, output); });
}

}  // namespace gptorch::ops
