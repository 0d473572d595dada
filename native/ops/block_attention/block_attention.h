#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace gptorch::ops {

/// Keys and values of one layer in blocks of a fixed number of tokens.
struct AttentionBlocks {
  static constexpr int64_t kLength = 32;

  /// (blocks, heads, headWidth, kLength)
  float* keys;
  /// (blocks, heads, kLength, headWidth)
  float* values;
  int64_t heads, headWidth;

  int64_t inner() const { return heads * headWidth; }
};

/// New tokens of one sequence, at `position` and after; the tokens before are in the blocks.
struct AttentionTokens {
  int64_t count, position;
  /// The block of tokens i · kLength …, for each i up to the last new token.
  std::span<const int32_t> blocks;
};

/// Puts the tokens' keys and values into their blocks. `input` holds query, key and value of each token of all
/// sequences in turn, (tokens, 3 · inner).
void storeKeysAndValues(const float* input, std::span<const AttentionTokens> sequences, const AttentionBlocks& blocks);

/// softmax(query · keysᵀ / √headWidth) · values of each token of all sequences in turn, over itself and the tokens
/// before it, with a window over that many; or, with `lastOnly`, of each sequence's last token. Of `input`, (tokens, 3
/// · inner), the queries are read. A token's result is the same to the bit whatever is beside it.
/// @param output (tokens, inner) or, with `lastOnly`, (sequences, inner)
void blockAttention(const float* input, std::span<const AttentionTokens> sequences, const AttentionBlocks& blocks,
                    std::optional<int64_t> window, bool lastOnly, float* output);

}  // namespace gptorch::ops
