#pragma once

#include <memory>

#include "decode/gpt_weights.h"
#include "decode/step.h"
#include "decode/weight_format.h"

namespace gptorch {

/// A GPT by libtorch's operators, on any device.
/// @param invariant one token at a time, so that a token's result is the same to the bit whatever shares the step with
/// it
///   and however its prompt was cut into steps
std::unique_ptr<StepModel> makeOperatorModel(const GptWeights& weights, WeightFormat format, bool invariant);

}  // namespace gptorch
