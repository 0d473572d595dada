#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <optional>

#include "functions/function.h"

namespace gptorch {

namespace {

/// The gradient cells of parameters, distinct.
std::vector<CellRef> gradientCells(const Arguments& arguments, const std::vector<SlotRef>& parameters) {
  std::vector<CellRef> cells;
  for (const SlotRef& parameter : parameters) {
    if (!parameter->roots || parameter->roots->size() != 1) arguments.fail("a tensor in the list is no parameter");
    const CellRef& cell = parameter->roots->front();
    // Parameters of one module share a cell and stand together.
    if (cells.empty() || cells.back() != cell) cells.push_back(cell);
  }
  return cells;
}

std::vector<at::Tensor> definedGradients(const std::vector<SlotRef>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const SlotRef& parameter : parameters) {
    if (parameter->value.grad().defined()) gradients.push_back(parameter->value.grad());
  }
  return gradients;
}

/// (parameters): drops the gradients; heals what a failed backward pass left.
Plan zeroGrad(const Arguments& arguments) {
  const std::vector<SlotRef> parameters = arguments.tensors(0, "parameters").slots;
  Plan plan;
  plan.overwrites = gradientCells(arguments, parameters);
  plan.alwaysEnters = true;
  plan.differentiable = false;
  plan.run = [parameters](const Values&) {
    for (const SlotRef& parameter : parameters) {
      if (parameter->value.defined()) parameter->value.mutable_grad().reset();
    }
    return Values{};
  };
  return plan;
}

/// (parameters, maxNorm) -> the norm of all gradients together before clipping (Pascanu et al. 2013).
/// The factor stays on the device: nobody waits for it.
Plan clipGradNorm(const Arguments& arguments) {
  const std::vector<SlotRef> parameters = arguments.tensors(0, "parameters").slots;
  const double maxNorm = arguments.number(1, "maxNorm");
  if (!(maxNorm > 0)) arguments.fail("maxNorm must be above 0");
  if (parameters.empty()) arguments.fail("needs at least one parameter");
  const Meta& first = parameters[0]->meta;
  Plan plan;
  plan.inputs = parameters;
  plan.writes = gradientCells(arguments, parameters);
  plan.outputs = {{{}, first.dtype, first.device}};
  plan.alwaysEnters = true;
  plan.differentiable = false;
  plan.run = [parameters, maxNorm,
              options = at::TensorOptions().dtype(first.dtype).device(first.device)](const Values&) {
    const at::NoGradGuard noGrad;
    const std::vector<at::Tensor> gradients = definedGradients(parameters);
    if (gradients.empty()) return Values{at::zeros({}, options)};
    const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2);
    at::_foreach_mul_(gradients, at::clamp_max(maxNorm / (norm + 1e-6), 1.0));
    return Values{norm};
  };
  return plan;
}

/// The learning rate, a number or a scalar tensor, and the count of steps, a number or a scalar float32 tensor: tensors
/// are read when the step is made, so that a replay of it takes what they hold then.
struct Pace {
  std::optional<double> learningRate, step;
  SlotRef learningRateTensor, stepTensor;

  static Pace from(const Arguments& arguments, size_t learningRateIndex, size_t stepIndex) {
    Pace pace;
    if (arguments.isTensor(learningRateIndex) != arguments.isTensor(stepIndex)) {
      arguments.fail("learningRate and step must both be numbers or both be tensors");
    }
    if (arguments.isTensor(stepIndex)) {
      pace.learningRateTensor = arguments.floating(learningRateIndex, "learningRate");
      pace.stepTensor = arguments.floating(stepIndex, "step");
      return pace;
    }
    pace.learningRate = arguments.numberWithin(learningRateIndex, "learningRate", 0, 1e6);
    pace.step = static_cast<double>(arguments.integer(stepIndex, "step"));
    if (*pace.step < 1) arguments.fail("step counts from 1");
    return pace;
  }

  at::Tensor stepFor(const at::Tensor& parameter) const {
    return step ? at::full({}, *step, parameter.options().dtype(at::kFloat)) : stepTensor->value;
  }
};

/// (parameters, firstMoments, secondMoments, learningRate, beta1, beta2, epsilon, weightDecay, step):
/// one step of AdamW (Loshchilov and Hutter 2019) on torch's fused kernel; `step` counts from 1.
Plan adamwStep(const Arguments& arguments) {
  const std::vector<SlotRef> parameters = arguments.tensors(0, "parameters").slots;
  const std::vector<SlotRef> firstMoments = arguments.tensors(1, "firstMoments").slots;
  const std::vector<SlotRef> secondMoments = arguments.tensors(2, "secondMoments").slots;
  const Pace pace = Pace::from(arguments, 3, 8);
  const double beta1 = arguments.numberWithin(4, "beta1", 0, 1), beta2 = arguments.numberWithin(5, "beta2", 0, 1);
  const double epsilon = arguments.numberWithin(6, "epsilon", 0, 1e6);
  const double weightDecay = arguments.numberWithin(7, "weightDecay", 0, 1e6);
  if (parameters.size() != firstMoments.size() || parameters.size() != secondMoments.size()) {
    arguments.fail("each parameter needs its two moments");
  }
  Plan plan;
  plan.reads = gradientCells(arguments, parameters);
  if (pace.stepTensor) plan.inputs = {pace.learningRateTensor, pace.stepTensor};
  for (const auto* list : {&parameters, &firstMoments, &secondMoments}) {
    plan.writes.insert(plan.writes.end(), list->begin(), list->end());
  }
  plan.alwaysEnters = true;
  plan.differentiable = false;
  plan.run = [=](const Values&) {
    const at::NoGradGuard noGrad;
    std::vector<at::Tensor> values, gradients, first, second;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const at::Tensor& value = parameters[i]->value;
      if (!value.grad().defined()) continue;
      values.push_back(value);
      gradients.push_back(value.grad());
      first.push_back(firstMoments[i]->value);
      second.push_back(secondMoments[i]->value);
    }
    if (values.empty()) return Values{};
    const std::vector<at::Tensor> steps(values.size(), pace.stepFor(values[0]));
    const auto update = [&](const auto& learningRate) {
      at::_fused_adamw_(values, gradients, first, second, {}, steps, learningRate, beta1, beta2, weightDecay, epsilon,
                        /*amsgrad=*/false, /*maximize=*/false);
    };
    if (pace.learningRate) {
      update(*pace.learningRate);
    } else {
      update(pace.learningRateTensor->value);
    }
    // The fused kernel does not: a graph that saved the old weights would give a wrong gradient in silence.
    for (const at::Tensor& value : values) value.unsafeGetTensorImpl()->bump_version();
    return Values{};
  };
  return plan;
}

}  // namespace

std::vector<Function> optimizerFunctions() {
  return {{"zeroGrad", zeroGrad}, {"clipGradNorm", clipGradNorm}, {"adamwStep", adamwStep}};
}

}  // namespace gptorch
