#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "decode/sampling.h"

namespace gptorch {

/// A token, and log P of the model itself, before penalty, temperature and filters.
struct TokenLogProb {
  int64_t token = 0;
  double logProb = 0;
};

/// How one row's token is to be chosen.
struct ChoiceOptions {
  Sampling sampling;
  /// The tokens so far; the repetition penalty alone looks at them.
  std::span<const int64_t> seen;
  RandomKey key;
  bool logProb = false;
  /// So many most probable tokens.
  int64_t top = 0;
};

/// What was chosen.
struct Choice {
  /// kNoToken where the row's logits are not finite.
  int64_t token = 0;
  std::optional<double> logProb;
  std::vector<TokenLogProb> top;
};

/// Chooses one token for each of `options` from the row of logits (rows, vocabSize) that it names; several may name
/// one. What is chosen depends on that row and its options alone. A device gets what it needs in one copy, and what it
/// has chosen is read in one.
std::vector<Choice> choose(const at::Tensor& logits, std::span<const int64_t> rows,
                           std::span<const ChoiceOptions> options);

}  // namespace gptorch
