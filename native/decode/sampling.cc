#include "decode/sampling.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "engine/device_copy.h"
#include "engine/random.h"

namespace gptorch {

namespace {

constexpr double kExcluded = -std::numeric_limits<double>::infinity();

/// Of repetition penalties: a logit stays finite.
constexpr double kWeakest = 1e-6, kStrongest = 1e6;

/// Keeps the k largest logits of each row; ties at the border stay, as in transformers' TopKLogitsWarper.
at::Tensor keepTopK(const at::Tensor& logits, int64_t k) {
  const at::Tensor border = std::get<0>(logits.topk(std::min(k, logits.size(-1)))).narrow(-1, -1, 1);
  return logits.masked_fill(logits < border, kExcluded);
}

/// Keeps the smallest set of tokens whose probability reaches p (Holtzman et al. 2019), at least one.
at::Tensor keepTopP(const at::Tensor& logits, double p) {
  const auto [sorted, order] = logits.sort(-1, /*descending=*/false);
  at::Tensor drop = sorted.softmax(-1).cumsum(-1) <= 1.0 - p;
  drop.narrow(-1, drop.size(-1) - 1, 1).fill_(false);
  return logits.masked_fill(drop.scatter(-1, order, drop), kExcluded);
}

/// Keeps what is at least p times as probable as the most probable token (Nguyen et al. 2024).
at::Tensor keepMinP(const at::Tensor& logits, double p) {
  const at::Tensor probabilities = logits.softmax(-1);  // (B, vocabSize)
  return logits.masked_fill(probabilities < probabilities.amax(-1, /*keepdim=*/true) * p, kExcluded);
}

}  // namespace

Sampling Sampling::from(const Arguments& arguments, size_t first) {
  Sampling sampling;
  sampling.temperature = arguments.numberWithin(first, "temperature", 0, 1e6);
  if (!arguments.isMissing(first + 1)) {
    sampling.topK = arguments.integer(first + 1, "topK");
    if (*sampling.topK < 1) arguments.fail("topK must be at least 1");
  }
  sampling.topP = arguments.optionalNumber(first + 2, "topP");
  if (sampling.topP && !(*sampling.topP > 0 && *sampling.topP <= 1)) {
    arguments.fail("topP must be above 0 and at most 1");
  }
  sampling.minP = arguments.optionalNumber(first + 3, "minP");
  if (sampling.minP && !(*sampling.minP >= 0 && *sampling.minP <= 1)) arguments.fail("minP must be from 0 to 1");
  sampling.repetitionPenalty = arguments.optionalNumber(first + 4, "repetitionPenalty").value_or(1);
  if (!(sampling.repetitionPenalty >= kWeakest && sampling.repetitionPenalty <= kStrongest)) {
    arguments.fail("repetitionPenalty must be from 0.000001 to 1000000");
  }
  return sampling;
}

at::Tensor penalizeRepetition(const at::Tensor& logits, const at::Tensor& seen, double penalty) {
  const at::Tensor before = logits.gather(-1, seen);  // (B, S)
  return logits.scatter(-1, seen, at::where(before < 0, before * penalty, before / penalty));
}

at::Tensor filterLogits(const at::Tensor& logits, const at::Tensor& seen, const Sampling& sampling) {
  at::Tensor filtered = logits.to(at::kFloat);  // (B, vocabSize)
  if (sampling.repetitionPenalty != 1 && seen.defined()) {
    filtered = penalizeRepetition(filtered, seen, sampling.repetitionPenalty);
  }
  // Greedy: what follows does not move the most probable token.
  if (sampling.temperature == 0) return filtered;
  filtered = filtered / std::max(sampling.temperature, Sampling::kColdest);
  if (sampling.topK) filtered = keepTopK(filtered, *sampling.topK);
  if (sampling.topP && *sampling.topP < 1) filtered = keepTopP(filtered, *sampling.topP);
  if (sampling.minP) filtered = keepMinP(filtered, *sampling.minP);
  return filtered;
}

at::Tensor mostProbable(const at::Tensor& logits) {
  const at::Tensor tokens = logits.argmax(-1, /*keepdim=*/true);  // (B, 1): a NaN where there is one
  return at::where(logits.gather(-1, tokens).isfinite(), tokens, kNoToken).squeeze(-1);
}

at::Tensor drawTokens(const at::Tensor& filtered, const at::Tensor& uniforms) {
  // In double: a sum of 50,000 small floats would shift the last tokens' shares.
  const at::Tensor sums = filtered.softmax(-1).cumsum(-1, at::kDouble);  // (B, vocabSize)
  const at::Tensor totals = sums.narrow(-1, sums.size(-1) - 1, 1);       // (B, 1)
  // The first whose sum is above: what is excluded adds nothing to the sum before it.
  const at::Tensor drawn = uniforms.unsqueeze(-1) * totals;  // (B, 1)
  const at::Tensor tokens = at::searchsorted(sums, drawn, /*out_int32=*/false, /*right=*/true);
  return at::where(totals.isfinite(), tokens, kNoToken).squeeze(-1);
}

at::Tensor chooseTokens(const at::Tensor& logits, const at::Tensor& seen, const Sampling& sampling,
                        const RandomKey& key) {
  const at::Tensor filtered = filterLogits(logits, seen, sampling);
  std::vector<double> uniforms;
  for (int64_t row = 0; row < logits.size(0); ++row) uniforms.push_back(uniform(key, static_cast<uint32_t>(row)));
  const at::Tensor tokens = sampling.temperature == 0
                                ? mostProbable(filtered)
                                : drawTokens(filtered, copyTo(at::tensor(uniforms, at::kDouble), filtered.device()));
  TORCH_CHECK((tokens != kNoToken).all().item().toBool(), "sample: the logits are not finite");
  return tokens;
}

}  // namespace gptorch
