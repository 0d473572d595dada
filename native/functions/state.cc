#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include "engine/device_copy.h"
#include "engine/random.h"
#include "functions/function.h"

namespace gptorch {

namespace {

/// A plan that replaces what a slot holds, in place, whatever happened to it before.
Plan overwrite(const SlotRef& target, std::function<void(at::Tensor&)> write) {
  Plan plan;
  plan.overwrites = {target};
  plan.differentiable = false;
  plan.run = [target, write = std::move(write)](const Values&) {
    TORCH_CHECK(target->value.defined(), "the tensor was never made");
    const at::NoGradGuard noGrad;
    write(target->value);
    return Values{};
  };
  return plan;
}

Plan fill(const Arguments& arguments) {
  const double value = arguments.number(1, "value");
  return overwrite(arguments.tensor(0, "tensor"), [value](at::Tensor& t) { t.fill_(value); });
}

Plan fillNormal(const Arguments& arguments) {
  const SlotRef target = arguments.floating(0, "tensor");
  const double mean = arguments.number(1, "mean");
  const double std = arguments.numberWithin(2, "std", 0, 1e6);
  const RandomKey key = arguments.randomKey(3, "key");
  return overwrite(target, [=](at::Tensor& t) { t.normal_(mean, std, generatorFor(key, t.device())); });
}

/// Copies values in, casting and moving between devices as needed.
Plan copy(const Arguments& arguments) {
  const SlotRef target = arguments.tensor(0, "tensor"), source = arguments.tensor(1, "source");
  if (target->meta.shape != source->meta.shape) {
    arguments.fail("source " + toString(source->meta.shape) + " does not fit " + toString(target->meta.shape));
  }
  Plan plan = overwrite(target, {});
  plan.inputs = {source};
  plan.run = [target](const Values& v) {
    TORCH_CHECK(target->value.defined(), "the tensor was never made");
    const at::NoGradGuard noGrad;
    copyInto(target->value, v[0]);
    return Values{};
  };
  return plan;
}

/// The same values in another dtype or on another device.
Plan to(const Arguments& arguments) {
  const SlotRef input = arguments.tensor(0, "input");
  Meta meta = input->meta;
  if (!arguments.isMissing(1)) meta.dtype = parseDtype(arguments.string(1, "dtype"));
  if (!arguments.isMissing(2)) meta.device = parseDevice(arguments.string(2, "device"));
  return planOne({input}, meta, [meta](const Values& v) {
    if (uploads(v[0], meta.device) && !v[0].requires_grad()) return upload(v[0].to(meta.dtype), meta.device);
    return v[0].to(at::TensorOptions().dtype(meta.dtype).device(meta.device));
  });
}

}  // namespace

std::vector<Function> stateFunctions() {
  return {{"fill", fill}, {"fillNormal", fillNormal}, {"copy", copy}, {"to", to}};
}

}  // namespace gptorch
