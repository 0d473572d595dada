#include <ATen/core/Tensor.h>

#include "decode/sampling.h"
#include "functions/function.h"

namespace gptorch {

namespace {

/// (logits (B, vocabSize), seen? (B, S)) from the first argument on, as inputs of a plan.
std::vector<SlotRef> logitsAndSeen(const Arguments& arguments) {
  std::vector<SlotRef> inputs = {arguments.floating(0, "logits")};
  const Meta& logits = inputs[0]->meta;
  if (logits.rank() != 2 || logits.shape[1] == 0) {
    arguments.fail("logits must be (B, vocabSize), not " + toString(logits.shape));
  }
  if (arguments.isMissing(1)) return inputs;
  inputs.push_back(arguments.indices(1, "seen"));
  const Meta& seen = inputs[1]->meta;
  if (seen.rank() != 2 || seen.shape[0] != logits.shape[0] || seen.device != logits.device) {
    arguments.fail("seen must be (B, S) token ids where logits are " + toString(logits) + ", not " + toString(seen));
  }
  return inputs;
}

at::Tensor seenOf(const Values& values) { return values.size() > 1 ? values[1] : at::Tensor(); }

/// (logits (B, vocabSize), seen?, temperature, topK?, topP?, minP?, repetitionPenalty?) -> float32 (B, vocabSize)
Plan filter(const Arguments& arguments) {
  const std::vector<SlotRef> inputs = logitsAndSeen(arguments);
  const Sampling sampling = Sampling::from(arguments, 2);
  if (sampling.temperature == 0) arguments.fail("temperature must be above 0");
  const Meta& logits = inputs[0]->meta;
  Plan plan = planOne(inputs, {logits.shape, at::kFloat, logits.device},
                      [=](const Values& v) { return filterLogits(v[0], seenOf(v), sampling); });
  plan.differentiable = false;
  return plan;
}

/// (logits (B, vocabSize), seen?, temperature, topK?, topP?, minP?, repetitionPenalty?, key) -> token ids (B)
Plan sample(const Arguments& arguments) {
  const std::vector<SlotRef> inputs = logitsAndSeen(arguments);
  const Sampling sampling = Sampling::from(arguments, 2);
  const RandomKey key = arguments.randomKey(7, "key");
  const Meta& logits = inputs[0]->meta;
  Plan plan = planOne(inputs, {{logits.shape[0]}, at::kLong, logits.device},
                      [=](const Values& v) { return chooseTokens(v[0], seenOf(v), sampling, key); });
  plan.differentiable = false;
  return plan;
}

}  // namespace

std::vector<Function> samplingFunctions() { return {{"filterLogits", filter}, {"sample", sample}}; }

}  // namespace gptorch
