#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "engine/arguments.h"

namespace gptorch {

/// How a token is chosen from logits, in the order of transformers' `generate`: repetition penalty, temperature,
/// top-k, top-p, min-p.
struct Sampling {
  static constexpr double kColdest = 1e-6;

  /// Divides the logits; 0 takes the most probable token, after the repetition penalty alone. Below kColdest it counts
  /// as that: nothing but rounding tells the logits apart there, and a quotient must stay finite.
  double temperature = 1;
  std::optional<int64_t> topK;
  std::optional<double> topP, minP;
  /// Above 1 makes tokens that came before less likely (Keskar et al. 2019); 1: none.
  double repetitionPenalty = 1;

  /// Reads and checks (temperature, topK?, topP?, minP?, repetitionPenalty?) from `first` on.
  static Sampling from(const Arguments& arguments, size_t first);

  bool operator==(const Sampling& other) const = default;
};

/// Divides positive logits (B, vocabSize) of the tokens seen (B, S) by the penalty and multiplies negative ones: each
/// is less likely then.
at::Tensor penalizeRepetition(const at::Tensor& logits, const at::Tensor& seen, double penalty);

/// Logits (B, vocabSize) of which sampling's distribution is the softmax, in float32; what is excluded is -infinity.
/// @param seen (B, S) token ids of each sequence so far; undefined: none. Used by the repetition penalty alone.
at::Tensor filterLogits(const at::Tensor& logits, const at::Tensor& seen, const Sampling& sampling);

/// What stands for a token where a row's logits are not finite.
inline constexpr int64_t kNoToken = -1;

/// The most probable token of each row: (B, vocabSize) → (B) int64, kNoToken where logits are NaN or the largest
/// infinite.
at::Tensor mostProbable(const at::Tensor& logits);

/// One token for each row: (B, vocabSize) of finite and excluded logits → (B) int64, kNoToken as in mostProbable.
/// @param uniforms (B) float64 in [0, 1), where the logits are
at::Tensor drawTokens(const at::Tensor& filtered, const at::Tensor& uniforms);

/// One token for each row: (B, vocabSize) → (B) int64. All rows draw from the one key.
/// @throws c10::Error where a row's logits are not finite
at::Tensor chooseTokens(const at::Tensor& logits, const at::Tensor& seen, const Sampling& sampling,
                        const RandomKey& key);

}  // namespace gptorch
