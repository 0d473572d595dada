#include "functions/function.h"

namespace gptorch {

namespace {

/// Runs the backward pass from a scalar, adding to the gradients of everything that it depends on.
Plan backward(const Arguments& arguments) {
  const SlotRef loss = arguments.floating(0, "loss");
  const bool retainGraph = arguments.boolean(1, "retainGraph");
  if (!loss->roots) {
    arguments.fail("the tensor depends on nothing that needs a gradient (computed under noGrad, or of data alone)");
  }
  if (loss->meta.numel() != 1) arguments.fail("the loss must be one number, not " + toString(loss->meta.shape));
  Plan plan;
  plan.inputs = {loss};
  plan.writes = *loss->roots;
  plan.alwaysEnters = true;
  plan.differentiable = false;
  plan.run = [loss, retainGraph](const Values& v) {
    v[0].backward({}, retainGraph);
    // The graph holds every activation; a loss kept for logging must not keep them.
    if (!retainGraph) loss->value = v[0].detach();
    return Values{};
  };
  return plan;
}

/// A copy of the gradient as it stands.
Plan grad(const Arguments& arguments) {
  const SlotRef tensor = arguments.floating(0, "tensor");
  if (!tensor->roots || tensor->roots->size() != 1)
    arguments.fail("only parameters and inputs with requiresGrad have one");
  Plan plan = planOne({tensor}, tensor->meta, [](const Values& v) {
    TORCH_CHECK(v[0].grad().defined(), "grad: no backward pass has reached this tensor since zeroGrad");
    return v[0].grad().clone();
  });
  plan.reads = *tensor->roots;
  plan.differentiable = false;
  return plan;
}

Plan detach(const Arguments& arguments) {
  const SlotRef tensor = arguments.tensor(0, "tensor");
  Plan plan = planOne({tensor}, tensor->meta, [](const Values& v) { return v[0].detach(); });
  plan.differentiable = false;
  return plan;
}

}  // namespace

std::vector<Function> gradientFunctions() { return {{"backward", backward}, {"grad", grad}, {"detach", detach}}; }

}  // namespace gptorch
