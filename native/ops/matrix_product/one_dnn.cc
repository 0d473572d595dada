#include "ops/matrix_product/one_dnn.h"

#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <string_view>

#include "ops/matrix_product/transpose.h"

namespace gptorch::ops {

namespace {

using Bias = std::optional<at::Tensor>;
using Product = at::Tensor(const at::Tensor&, const at::Tensor&, const Bias&, std::string_view,
                           c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
using ProductPlus = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const Bias&, std::string_view);

/// What torch's compiler calls. oneDNN itself is inside libtorch and exports nothing.
constexpr const char* kName = "mkldnn::_linear_pointwise";

bool isIntel() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  return __builtin_cpu_is("intel");
#else
  return true;
#endif
}

bool isPreferred() {
  static const bool preferred = at::hasMKL() && at::hasMKLDNN() && !isIntel() &&
                                c10::Dispatcher::singleton().findSchema({kName, ""}).has_value() &&
                                c10::Dispatcher::singleton().findSchema({kName, "binary"}).has_value();
  return preferred;
}

/// oneDNN's first factor must be contiguous, where torch would make it so.
at::Tensor laidOut(const at::Tensor& a) {
  const bool transposed = a.stride(0) == 1 && a.stride(1) == a.size(0) && a.size(0) > 1 && a.size(1) > 1;
  return transposed ? transposedCopy(a.t()) : a;
}

}  // namespace

bool oneDnnFits(const at::Tensor& a, const at::Tensor& b) {
  return isPreferred() && a.is_cpu() && a.scalar_type() == at::kFloat && b.scalar_type() == at::kFloat &&
         a.numel() > 0 && b.numel() > 0 && at::globalContext().userEnabledMkldnn();
}

at::Tensor oneDnnProduct(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(kName, "").typed<Product>();
  return op.call(laidOut(a), b.t(), bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

at::Tensor oneDnnProductPlus(const at::Tensor& a, const at::Tensor& b, const at::Tensor& sum) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(kName, "binary").typed<ProductPlus>();
  return op.call(laidOut(a), sum, b.t(), {}, "add");
}

}  // namespace gptorch::ops
