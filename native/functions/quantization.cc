#include <ATen/core/grad_mode.h>

#include "functions/function.h"
#include "ops/packed_product/packed_weight.h"

namespace gptorch {

namespace {

/// (channels) as it broadcasts against a matrix whose rows (0) or columns (1) are the channels.
at::Tensor along(const at::Tensor& scales, int64_t dimension) { return scales.unsqueeze(1 - dimension); }

int64_t channelDimension(const Arguments& arguments, size_t index) {
  const int64_t dimension = arguments.integer(index, "channelDimension");
  if (dimension != 0 && dimension != 1) arguments.fail("channelDimension must be 0 or 1");
  return dimension;
}

void requireMatrix(const Arguments& arguments, const Meta& meta, at::ScalarType dtype) {
  if (meta.rank() == 2 && meta.dtype == dtype) return;
  arguments.fail("needs a matrix of " + dtypeName(dtype) + ", not " + toString(meta));
}

/// (weight, channelDimension) -> integers of the same shape, scales (channels): weight ≈ integer · its channel's scale.
/// The same as the decoder's int8 weights (ops/packed_product).
Plan quantizeInt8(const Arguments& arguments) {
  const SlotRef weight = arguments.tensor(0, "weight");
  const int64_t dimension = channelDimension(arguments, 1);
  requireMatrix(arguments, weight->meta, at::kFloat);
  Plan plan;
  plan.inputs = {weight};
  plan.outputs = {{weight->meta.shape, at::kChar, weight->meta.device},
                  {{weight->meta.shape[static_cast<size_t>(dimension)]}, at::kFloat, weight->meta.device}};
  plan.differentiable = false;
  plan.run = [dimension](const Values& v) {
    const at::Tensor value = v[0].detach();
    const at::Tensor scales = ops::int8Scales(value.abs().amax(1 - dimension));  // (channels)
    const at::Tensor integers = value.mul(along(scales.reciprocal(), dimension)).round_().clamp_(-127, 127);
    return Values{integers.to(at::kChar), scales};
  };
  return plan;
}

/// (target, integers, scales, channelDimension): target = integers · scales, in place.
Plan dequantizeInt8(const Arguments& arguments) {
  const SlotRef target = arguments.tensor(0, "target"), integers = arguments.tensor(1, "integers");
  const SlotRef scales = arguments.tensor(2, "scales");
  const int64_t dimension = channelDimension(arguments, 3);
  requireMatrix(arguments, target->meta, at::kFloat);
  requireMatrix(arguments, integers->meta, at::kChar);
  const bool fits = target->meta.shape == integers->meta.shape &&
                    scales->meta.shape == Shape{target->meta.shape[static_cast<size_t>(dimension)]};
  if (!fits) {
    arguments.fail("integers " + toString(integers->meta) + " and scales " + toString(scales->meta) + " do not fit " +
                   toString(target->meta));
  }
  Plan plan;
  plan.inputs = {integers, scales};
  plan.overwrites = {target};
  plan.differentiable = false;
  plan.run = [target, dimension](const Values& v) {
    TORCH_CHECK(target->value.defined(), "the tensor was never made");
    const at::NoGradGuard noGrad;
    target->value.copy_(v[0]);
    target->value.mul_(along(v[1].to(target->value.device()), dimension));
    return Values{};
  };
  return plan;
}

}  // namespace

std::vector<Function> quantizationFunctions() {
  return {{"quantizeInt8", quantizeInt8}, {"dequantizeInt8", dequantizeInt8}};
}

}  // namespace gptorch
