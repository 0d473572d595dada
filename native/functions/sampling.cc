#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <limits>

#include "engine/random.h"
#include "functions/function.h"

namespace gptorch {

namespace {

/// Keeps the k largest logits of each row; ties at the border stay, as in Hugging Face's TopKLogitsWarper.
at::Tensor keepTopK(const at::Tensor& logits, int64_t k) {
  const at::Tensor border = std::get<0>(logits.topk(std::min(k, logits.size(-1)))).narrow(-1, -1, 1);
  return logits.masked_fill(logits < border, -std::numeric_limits<double>::infinity());
}

/// Keeps the smallest set of tokens whose probability reaches p (Holtzman et al. 2019), at least one.
at::Tensor keepTopP(const at::Tensor& logits, double p) {
  const auto [sorted, order] = logits.sort(-1, /*descending=*/false);
  at::Tensor drop = sorted.softmax(-1).cumsum(-1) <= 1.0 - p;
  drop.narrow(-1, drop.size(-1) - 1, 1).fill_(false);
  return logits.masked_fill(drop.scatter(-1, order, drop), -std::numeric_limits<double>::infinity());
}

/// (logits (B, vocabSize), temperature, topK?, topP?, key) -> token ids (B); temperature 0 takes the most probable.
Plan sample(const Arguments& arguments) {
  const SlotRef logits = arguments.floating(0, "logits");
  const double temperature = arguments.numberWithin(1, "temperature", 0, 1e6);
  const auto topK = arguments.optionalNumber(2, "topK");
  const auto topP = arguments.optionalNumber(3, "topP");
  const RandomKey key = arguments.randomKey(4, "key");
  if (logits->meta.rank() != 2) arguments.fail("logits must be (B, vocabSize), not " + toString(logits->meta.shape));
  if (topK && !(*topK >= 1)) arguments.fail("topK must be at least 1");
  if (topP && !(*topP > 0 && *topP <= 1)) arguments.fail("topP must be above 0 and at most 1");
  Plan plan = planOne({logits}, {{logits->meta.shape[0]}, at::kLong, logits->meta.device}, [=](const Values& v) {
    if (temperature == 0) return v[0].argmax(-1);
    at::Tensor scaled = v[0].to(at::kFloat) / temperature;  // (B, vocabSize)
    if (topK) scaled = keepTopK(scaled, static_cast<int64_t>(*topK));
    if (topP && *topP < 1) scaled = keepTopP(scaled, *topP);
    return at::multinomial(scaled.softmax(-1), 1, false, generatorFor(key, scaled.device())).squeeze(-1);
  });
  plan.differentiable = false;
  return plan;
}

}  // namespace

std::vector<Function> samplingFunctions() { return {{"sample", sample}}; }

}  // namespace gptorch
