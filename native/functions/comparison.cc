#include <ATen/ops/eq.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/le.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/where.h>

#include "functions/function.h"

namespace gptorch {

namespace {

using TensorTensor = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
using TensorScalar = at::Tensor (*)(const at::Tensor&, const at::Scalar&);

template <TensorTensor tensorTensor, TensorScalar tensorScalar>
Plan compare(const Arguments& arguments) {
  const SlotRef a = arguments.tensor(0, "input");
  Plan plan;
  if (arguments.isTensor(1)) {
    const SlotRef b = arguments.tensor(1, "other");
    requireSameKind(arguments, a->meta, "input", b->meta, "other");
    plan = planOne({a, b}, {broadcast(a->meta.shape, b->meta.shape, arguments.function()), at::kBool, a->meta.device},
                   [](const Values& v) { return tensorTensor(v[0], v[1]); });
  } else {
    plan = planOne({a}, {a->meta.shape, at::kBool, a->meta.device},
                   [other = arguments.number(1, "other")](const Values& v) { return tensorScalar(v[0], other); });
  }
  plan.differentiable = false;
  return plan;
}

Plan where(const Arguments& arguments) {
  const SlotRef condition = arguments.tensor(0, "condition");
  const SlotRef a = arguments.tensor(1, "input"), b = arguments.tensor(2, "other");
  if (condition->meta.dtype != at::kBool) {
    arguments.fail("condition must have dtype bool, not " + dtypeName(condition->meta.dtype));
  }
  requireSameKind(arguments, a->meta, "input", b->meta, "other");
  const Shape shape = broadcast(broadcast(a->meta.shape, b->meta.shape, arguments.function()), condition->meta.shape,
                                arguments.function());
  return planOne({condition, a, b}, {shape, a->meta.dtype, a->meta.device},
                 [](const Values& v) { return at::where(v[0], v[1], v[2]); });
}

}  // namespace

std::vector<Function> comparisonFunctions() {
  return {
      {"eq", compare<at::eq, at::eq>},
      {"ne", compare<at::ne, at::ne>},
      {"lt", compare<at::lt, at::lt>},
      {"le", compare<at::le, at::le>},
      {"gt", compare<at::gt, at::gt>},
      {"ge", compare<at::ge, at::ge>},
      {"where", where},
  };
}

}  // namespace gptorch
