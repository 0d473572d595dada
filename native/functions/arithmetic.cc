#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/div.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/log.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>

#include "functions/function.h"

namespace gptorch {

namespace {

using TensorTensor = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
using TensorScalar = at::Tensor (*)(const at::Tensor&, const at::Scalar&);
using Unary = at::Tensor (*)(const at::Tensor&);

/// A number beside an integer tensor must be whole: torch would turn the result into floats.
at::Scalar scalarFor(const Arguments& arguments, const Meta& meta) {
  if (meta.isFloating()) return arguments.number(1, "other");
  if (meta.dtype == at::kBool) arguments.fail("a bool tensor has no arithmetic; cast it with Tensor.to");
  return arguments.integer(1, "other");
}

template <TensorTensor tensorTensor, TensorScalar tensorScalar>
Plan binary(const Arguments& arguments) {
  const SlotRef a = arguments.tensor(0, "input");
  if (!arguments.isTensor(1)) {
    return planOne({a}, a->meta,
                   [scalar = scalarFor(arguments, a->meta)](const Values& v) { return tensorScalar(v[0], scalar); });
  }
  const SlotRef b = arguments.tensor(1, "other");
  requireSameKind(arguments, a->meta, "input", b->meta, "other");
  if (a->meta.dtype == at::kBool) arguments.fail("a bool tensor has no arithmetic; cast it with Tensor.to");
  return planOne({a, b}, {broadcast(a->meta.shape, b->meta.shape, arguments.function()), a->meta.dtype, a->meta.device},
                 [](const Values& v) { return tensorTensor(v[0], v[1]); });
}

at::Tensor addTensor(const at::Tensor& a, const at::Tensor& b) { return at::add(a, b); }
at::Tensor addScalar(const at::Tensor& a, const at::Scalar& b) { return at::add(a, b); }
at::Tensor subTensor(const at::Tensor& a, const at::Tensor& b) { return at::sub(a, b); }
at::Tensor subScalar(const at::Tensor& a, const at::Scalar& b) { return at::sub(a, b); }
at::Tensor mulTensor(const at::Tensor& a, const at::Tensor& b) { return at::mul(a, b); }
at::Tensor mulScalar(const at::Tensor& a, const at::Scalar& b) { return at::mul(a, b); }

/// Division is for floats: of integers torch gives floats, which strict dtypes forbid.
Plan divide(const Arguments& arguments) {
  arguments.floating(0, "input");
  return binary<at::div, at::div>(arguments);
}

template <Unary unary>
Plan elementwise(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  return planOne({input}, input->meta, [](const Values& v) { return unary(v[0]); });
}

Plan pow(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  return planOne({input}, input->meta,
                 [exponent = arguments.number(1, "exponent")](const Values& v) { return at::pow(v[0], exponent); });
}

Plan clamp(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  const double low = arguments.number(1, "low"), high = arguments.number(2, "high");
  if (!(low <= high)) arguments.fail("low must not be above high");
  return planOne({input}, input->meta, [low, high](const Values& v) { return at::clamp(v[0], low, high); });
}

Plan gelu(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  const std::string approximate = arguments.string(1, "approximate");
  if (approximate != "tanh" && approximate != "none") arguments.fail("approximate must be 'tanh' or 'none'");
  return planOne({input}, input->meta, [approximate](const Values& v) { return at::gelu(v[0], approximate); });
}

}  // namespace

std::vector<Function> arithmeticFunctions() {
  return {
      {"add", binary<addTensor, addScalar>},
      {"sub", binary<subTensor, subScalar>},
      {"mul", binary<mulTensor, mulScalar>},
      {"div", divide},
      {"neg", elementwise<at::neg>},
      {"abs", elementwise<at::abs>},
      {"exp", elementwise<at::exp>},
      {"log", elementwise<at::log>},
      {"sqrt", elementwise<at::sqrt>},
      {"tanh", elementwise<at::tanh>},
      {"sigmoid", elementwise<at::sigmoid>},
      {"relu", elementwise<at::relu>},
      {"gelu", gelu},
      {"pow", pow},
      {"clamp", clamp},
  };
}

}  // namespace gptorch
