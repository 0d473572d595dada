#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

#include "functions/function.h"

namespace gptorch {

namespace {

Plan matmul(const Arguments& arguments) {
  const SlotRef a = arguments.floating(0, "input"), b = arguments.floating(1, "other");
  requireSameKind(arguments, a->meta, "input", b->meta, "other");
  const Shape &left = a->meta.shape, &right = b->meta.shape;
  if (left.size() < 2 || right.size() < 2 || left.back() != right[right.size() - 2]) {
    arguments.fail("shapes " + toString(left) + " and " + toString(right) +
                   " do not multiply; (…, n, k) and (…, k, m) do");
  }
  Shape shape = broadcast({left.begin(), left.end() - 2}, {right.begin(), right.end() - 2}, arguments.function());
  shape.push_back(left[left.size() - 2]);
  shape.push_back(right.back());
  return planOne({a, b}, {shape, a->meta.dtype, a->meta.device},
                 [](const Values& v) { return at::matmul(v[0], v[1]); });
}

/// x (…, in) · weightᵀ (in, out) + bias (out)
Plan linear(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input"), weight = arguments.floating(1, "weight");
  const SlotRef bias = arguments.optionalTensor(2, "bias");
  requireSameKind(arguments, input->meta, "input", weight->meta, "weight");
  if (weight->meta.rank() != 2 || input->meta.rank() < 1 || input->meta.shape.back() != weight->meta.shape[1]) {
    arguments.fail("input " + toString(input->meta.shape) + " and weight " + toString(weight->meta.shape) +
                   " do not fit; (…, in) and (out, in) do");
  }
  Meta meta = input->meta;
  meta.shape.back() = weight->meta.shape[0];
  if (!bias) return planOne({input, weight}, meta, [](const Values& v) { return at::linear(v[0], v[1]); });
  requireSameKind(arguments, input->meta, "input", bias->meta, "bias");
  if (bias->meta.shape != Shape{weight->meta.shape[0]}) {
    arguments.fail("bias " + toString(bias->meta.shape) + " does not fit weight " + toString(weight->meta.shape));
  }
  return planOne({input, weight, bias}, meta, [](const Values& v) { return at::linear(v[0], v[1], v[2]); });
}

}  // namespace

std::vector<Function> matmulFunctions() { return {{"matmul", matmul}, {"linear", linear}}; }

}  // namespace gptorch
