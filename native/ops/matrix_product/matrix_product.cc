#include "ops/matrix_product/matrix_product.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ops/matrix_product/one_dnn.h"

namespace gptorch::ops {

namespace {

using Bias = std::optional<at::Tensor>;

at::Tensor plain(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  return bias ? at::addmm(*bias, a, b) : at::mm(a, b);
}

/// oneDNN checks little: what does not fit is left to torch, which says so.
bool fits(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  if (a.dim() != 2 || b.dim() != 2 || a.size(1) != b.size(0) || !oneDnnFits(a, b)) return false;
  return !bias ||
         (bias->dim() == 1 && bias->size(0) == b.size(1) && bias->scalar_type() == at::kFloat && bias->is_contiguous());
}

at::Tensor cpu(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  return fits(a, b, bias) ? oneDnnProduct(a, b, bias) : plain(a, b, bias);
}

class MatrixProductFunction : public torch::autograd::Function<MatrixProductFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& a, const at::Tensor& b,
                            const Bias& bias) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({a, b});
    context->saved_data["bias"] = bias.has_value();
    return matrixProduct(a, b, bias);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& gradient = gradients[0];
    torch::autograd::variable_list results(3);
    if (context->needs_input_grad(0)) results[0] = matrixProduct(gradient, saved[1].t());
    if (context->needs_input_grad(1)) results[1] = matrixProduct(saved[0].t(), gradient);
    if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) results[2] = gradient.sum(0);
    return results;
  }
};

bool needsGradient(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  return at::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad() || (bias && bias->requires_grad()));
}

at::Tensor autograd(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  if (needsGradient(a, b, bias)) return MatrixProductFunction::apply(a, b, bias);
  const at::AutoDispatchBelowADInplaceOrView guard;
  return matrixProduct(a, b, bias);
}

template <c10::DeviceType device>
at::Tensor autocast(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  const c10::impl::ExcludeDispatchKeyGuard guard(at::autocast::get_autocast_dispatch_key_from_device_type(device));
  const auto cast = [dtype = at::autocast::get_autocast_dtype(device)](const at::Tensor& t) {
    return at::autocast::cached_cast(dtype, t, device);
  };
  return matrixProduct(cast(a), cast(b), bias ? Bias(cast(*bias)) : Bias());
}

}  // namespace

at::Tensor matrixProduct(const at::Tensor& a, const at::Tensor& b, const Bias& bias) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::matrix_product", "")
                             .typed<at::Tensor(const at::Tensor&, const at::Tensor&, const Bias&)>();
  return op.call(a, b, bias);
}

void addProduct(at::Tensor& sum, const at::Tensor& a, const at::Tensor& b) {
  if (!sum.defined()) {
    sum = matrixProduct(a, b);
  } else if (at::isReducedFloatingType(a.scalar_type())) {
    sum = sum.to(at::kFloat).add_(matrixProduct(a, b));
  } else if (fits(a, b, {})) {
    sum = oneDnnProductPlus(a, b, sum);
  } else {
    sum.addmm_(a, b);
  }
}

TORCH_LIBRARY_FRAGMENT(gptorch, library) { library.def("matrix_product(Tensor a, Tensor b, Tensor? bias) -> Tensor"); }
TORCH_LIBRARY_IMPL(gptorch, CPU, library) { library.impl("matrix_product", cpu); }
TORCH_LIBRARY_IMPL(gptorch, CompositeExplicitAutograd, library) { library.impl("matrix_product", plain); }
TORCH_LIBRARY_IMPL(gptorch, Autograd, library) { library.impl("matrix_product", autograd); }
TORCH_LIBRARY_IMPL(gptorch, AutocastCPU, library) { library.impl("matrix_product", autocast<at::kCPU>); }
TORCH_LIBRARY_IMPL(gptorch, AutocastCUDA, library) { library.impl("matrix_product", autocast<at::kCUDA>); }

}  // namespace gptorch::ops
