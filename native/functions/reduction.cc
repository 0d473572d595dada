#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sum.h>

#include <numeric>

#include "functions/function.h"

namespace gptorch {

namespace {

/// A reduction over one dimension or, where none is given, over all.
struct Reduction {
  std::vector<int64_t> dimensions;
  bool keep;
  Shape shape;
};

Reduction reductionOf(const Arguments& arguments, const Meta& meta) {
  Reduction reduction;
  reduction.keep = !arguments.isMissing(2) && arguments.boolean(2, "keepDimension");
  if (arguments.isMissing(1)) {
    reduction.dimensions.resize(meta.shape.size());
    std::iota(reduction.dimensions.begin(), reduction.dimensions.end(), 0);
    if (reduction.keep) reduction.shape.assign(meta.shape.size(), 1);
    return reduction;
  }
  const int64_t dimension = normalizeDimension(arguments.integer(1, "dimension"), meta.rank(), arguments.function());
  reduction.dimensions = {dimension};
  reduction.shape = meta.shape;
  if (reduction.keep) {
    reduction.shape[dimension] = 1;
  } else {
    reduction.shape.erase(reduction.shape.begin() + dimension);
  }
  return reduction;
}

using Reduce = at::Tensor (*)(const at::Tensor&, at::IntArrayRef, bool);

template <Reduce reduce, bool needsElements>
Plan reduction(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  if (needsElements && input->meta.numel() == 0) arguments.fail("input " + toString(input->meta) + " has no elements");
  Reduction r = reductionOf(arguments, input->meta);
  return planOne({input}, {r.shape, input->meta.dtype, input->meta.device},
                 [r](const Values& v) { return reduce(v[0], r.dimensions, r.keep); });
}

at::Tensor sum(const at::Tensor& t, at::IntArrayRef dimensions, bool keep) { return at::sum(t, dimensions, keep); }
at::Tensor mean(const at::Tensor& t, at::IntArrayRef dimensions, bool keep) { return at::mean(t, dimensions, keep); }
at::Tensor max(const at::Tensor& t, at::IntArrayRef dimensions, bool keep) { return at::amax(t, dimensions, keep); }
at::Tensor min(const at::Tensor& t, at::IntArrayRef dimensions, bool keep) { return at::amin(t, dimensions, keep); }
at::Tensor logsumexp(const at::Tensor& t, at::IntArrayRef dimensions, bool keep) {
  return at::logsumexp(t, dimensions, keep);
}

Plan argmax(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  if (input->meta.numel() == 0) arguments.fail("input " + toString(input->meta) + " has no elements");
  const Reduction r = reductionOf(arguments, input->meta);
  const bool all = arguments.isMissing(1);
  Plan plan = planOne({input}, {r.shape, at::kLong, input->meta.device}, [r, all](const Values& v) {
    return all ? at::argmax(v[0], std::nullopt, r.keep) : at::argmax(v[0], r.dimensions[0], r.keep);
  });
  plan.differentiable = false;
  return plan;
}

template <at::Tensor (*normalize)(const at::Tensor&, int64_t)>
Plan normalized(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  const int64_t dimension =
      normalizeDimension(arguments.integer(1, "dimension"), input->meta.rank(), arguments.function());
  return planOne({input}, input->meta, [dimension](const Values& v) { return normalize(v[0], dimension); });
}

at::Tensor softmax(const at::Tensor& t, int64_t dimension) { return at::softmax(t, dimension); }
at::Tensor logSoftmax(const at::Tensor& t, int64_t dimension) { return at::log_softmax(t, dimension); }

}  // namespace

std::vector<Function> reductionFunctions() {
  return {
      {"sum", reduction<sum, false>},   {"mean", reduction<mean, true>},           {"max", reduction<max, true>},
      {"min", reduction<min, true>},    {"logsumexp", reduction<logsumexp, true>}, {"argmax", argmax},
      {"softmax", normalized<softmax>}, {"logSoftmax", normalized<logSoftmax>},
  };
}

}  // namespace gptorch
