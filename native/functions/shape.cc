#include <ATen/ops/cat.h>

#include <algorithm>

#include "functions/function.h"

namespace gptorch {

namespace {

Plan reshape(const Arguments& arguments) {
  const SlotRef input = arguments.tensor(0, "input");
  Shape shape = arguments.integers(1, "shape");
  int64_t known = 1;
  int64_t open = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && open < 0) {
      open = static_cast<int64_t>(i);
    } else if (shape[i] < 0) {
      arguments.fail("shape " + toString(shape) + " may have one -1 and no other negative size");
    } else {
      known *= shape[i];
    }
  }
  const int64_t numel = input->meta.numel();
  if (open >= 0 && known > 0 && numel % known == 0) {
    shape[open] = numel / known;
    known = numel;
  }
  if (known != numel || (open >= 0 && shape[open] < 0)) {
    arguments.fail(toString(input->meta.shape) + " has " + std::to_string(numel) + " elements and cannot become " +
                   toString(shape));
  }
  return planOne({input}, {shape, input->meta.dtype, input->meta.device},
                 [shape](const Values& v) { return v[0].reshape(shape); });
}

Plan permute(const Arguments& arguments) {
  const SlotRef input = arguments.tensor(0, "input");
  std::vector<int64_t> order = arguments.integers(1, "order");
  Shape shape;
  std::vector<bool> seen(input->meta.shape.size());
  for (int64_t& dimension : order) {
    dimension = normalizeDimension(dimension, input->meta.rank(), arguments.function());
    if (seen[dimension]) arguments.fail("order " + toString(order) + " names a dimension twice");
    seen[dimension] = true;
    shape.push_back(input->meta.shape[dimension]);
  }
  if (shape.size() != input->meta.shape.size()) {
    arguments.fail("order " + toString(order) + " must name every dimension of " + toString(input->meta.shape));
  }
  return planOne({input}, {shape, input->meta.dtype, input->meta.device},
                 [order](const Values& v) { return v[0].permute(order); });
}

Plan narrow(const Arguments& arguments) {
  const SlotRef input = arguments.tensor(0, "input");
  const int64_t dimension =
      normalizeDimension(arguments.integer(1, "dimension"), input->meta.rank(), arguments.function());
  const int64_t start = arguments.integer(2, "start"), length = arguments.integer(3, "length");
  Meta meta = input->meta;
  if (start < 0 || length < 0 || start + length > meta.shape[dimension]) {
    arguments.fail("start " + std::to_string(start) + " and length " + std::to_string(length) +
                   " are outside dimension " + std::to_string(dimension) + " of " + toString(meta.shape));
  }
  meta.shape[dimension] = length;
  return planOne({input}, meta, [=](const Values& v) { return v[0].narrow(dimension, start, length); });
}

Plan cat(const Arguments& arguments) {
  const std::vector<SlotRef>& inputs = arguments.tensors(0, "tensors").slots;
  if (inputs.empty()) arguments.fail("needs at least one tensor");
  Meta meta = inputs[0]->meta;
  const int64_t dimension = normalizeDimension(arguments.integer(1, "dimension"), meta.rank(), arguments.function());
  meta.shape[dimension] = 0;
  for (const SlotRef& input : inputs) {
    requireSameKind(arguments, inputs[0]->meta, "the first tensor", input->meta, "another");
    Shape expected = inputs[0]->meta.shape;
    if (input->meta.rank() == meta.rank()) expected[dimension] = input->meta.shape[dimension];
    if (input->meta.shape != expected) {
      arguments.fail("shapes " + toString(inputs[0]->meta.shape) + " and " + toString(input->meta.shape) +
                     " differ beyond dimension " + std::to_string(dimension));
    }
    meta.shape[dimension] += input->meta.shape[dimension];
  }
  return planOne(inputs, meta, [dimension](const Values& v) { return at::cat(v, dimension); });
}

Plan expand(const Arguments& arguments) {
  const SlotRef input = arguments.tensor(0, "input");
  const Shape shape = arguments.integers(1, "shape");
  const bool isNegative = std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < 0; });
  if (isNegative || broadcast(input->meta.shape, shape, arguments.function()) != shape) {
    arguments.fail(toString(input->meta.shape) + " cannot be expanded to " + toString(shape));
  }
  return planOne({input}, {shape, input->meta.dtype, input->meta.device},
                 [shape](const Values& v) { return v[0].expand(shape); });
}

}  // namespace

std::vector<Function> shapeFunctions() {
  return {{"reshape", reshape}, {"permute", permute}, {"narrow", narrow}, {"cat", cat}, {"expand", expand}};
}

}  // namespace gptorch
