#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/masked_fill.h>

#include "functions/function.h"

namespace gptorch {

namespace {

Plan gather(const Arguments& arguments) {
  const SlotRef input = arguments.tensor(0, "input");
  const SlotRef index = arguments.indices(2, "index");
  const int64_t dimension =
      normalizeDimension(arguments.integer(1, "dimension"), input->meta.rank(), arguments.function());
  bool fits = index->meta.rank() == input->meta.rank() && index->meta.device == input->meta.device;
  for (int64_t i = 0; fits && i < input->meta.rank(); ++i) {
    fits = i == dimension || index->meta.shape[i] <= input->meta.shape[i];
  }
  if (!fits) {
    arguments.fail("index " + toString(index->meta) + " does not fit input " + toString(input->meta) +
                   " along dimension " + std::to_string(dimension));
  }
  return planOne({input, index}, {index->meta.shape, input->meta.dtype, input->meta.device},
                 [dimension](const Values& v) { return at::gather(v[0], dimension, v[1]); });
}

Plan indexSelect(const Arguments& arguments) {
  const SlotRef input = arguments.tensor(0, "input");
  const SlotRef index = arguments.indices(2, "index");
  const int64_t dimension =
      normalizeDimension(arguments.integer(1, "dimension"), input->meta.rank(), arguments.function());
  if (index->meta.rank() != 1) arguments.fail("index must have rank 1, not shape " + toString(index->meta.shape));
  Meta meta = input->meta;
  meta.shape[dimension] = index->meta.shape[0];
  return planOne({input, index}, meta,
                 [dimension](const Values& v) { return at::index_select(v[0], dimension, v[1]); });
}

Plan maskedFill(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  const SlotRef mask = arguments.tensor(1, "mask");
  const double value = arguments.number(2, "value");
  if (mask->meta.dtype != at::kBool) arguments.fail("mask must have dtype bool, not " + dtypeName(mask->meta.dtype));
  if (broadcast(input->meta.shape, mask->meta.shape, arguments.function()) != input->meta.shape) {
    arguments.fail("mask " + toString(mask->meta.shape) + " must broadcast to input " + toString(input->meta.shape));
  }
  return planOne({input, mask}, input->meta, [value](const Values& v) { return at::masked_fill(v[0], v[1], value); });
}

}  // namespace

std::vector<Function> indexingFunctions() {
  return {{"gather", gather}, {"indexSelect", indexSelect}, {"maskedFill", maskedFill}};
}

}  // namespace gptorch
