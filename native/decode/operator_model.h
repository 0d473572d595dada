#pragma once

#include <memory>

#include "decode/gpt_weights.h"
#include "decode/step.h"
#include "decode/weight_format.h"

namespace gptorch {

struct OperatorModelOptions {
  WeightFormat format = WeightFormat::Float32;
  /// One token at a time, so that a token's result is the same to the bit whatever shares the step with it and however
  /// its prompt was cut into steps.
  bool invariant = false;
  /// Has the device record steps that take one token of each sequence, where it records launches.
  bool capture = true;
};

/// A GPT by libtorch's operators and our attention over blocks, on any device.
std::unique_ptr<StepModel> makeOperatorModel(const GptWeights& weights, const OperatorModelOptions& options);

}  // namespace gptorch
