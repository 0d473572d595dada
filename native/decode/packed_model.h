#pragma once

#include <memory>

#include "decode/gpt_weights.h"
#include "decode/step.h"
#include "decode/weight_format.h"

namespace gptorch {

/// A GPT on the CPU by our own kernels, from a copy of its weight matrices packed for them: later changes of the
/// parameters do not reach it. A token's result is the same to the bit whatever shares the step with it and however its
/// prompt was cut into steps.
std::unique_ptr<StepModel> makePackedModel(const GptWeights& weights, WeightFormat format);

}  // namespace gptorch
