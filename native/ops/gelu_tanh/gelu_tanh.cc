#include "ops/gelu_tanh/gelu_tanh.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ops/gelu_tanh/formula.h"
#include "ops/grain.h"

#define GPTORCH_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

namespace gptorch::ops {

namespace {

GPTORCH_CLONES void forwardRange(const float* input, float* output, int64_t count) {
  for (int64_t i = 0; i < count; ++i) output[i] = input[i] * geluTanhGate(input[i]);
}

GPTORCH_CLONES void backwardRange(const float* gradient, const float* input, float* output, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float x = input[i], gate = geluTanhGate(x);
    const float slope = kTwiceRootTwoOverPi * (1.0f + 3.0f * kGeluCubic * x * x);
    output[i] = gradient[i] * (gate + x * gate * (1.0f - gate) * slope);
  }
}

/// Such a tanh costs more than what a grain is measured by.
constexpr int64_t kGeluGrain = kGrain / 4;

at::Tensor forwardPlain(const at::Tensor& input) { return at::gelu(input.contiguous(), "tanh"); }

at::Tensor backwardPlain(const at::Tensor& gradient, const at::Tensor& input) {
  return at::gelu_backward(gradient.contiguous(), input.contiguous(), "tanh");
}

at::Tensor forwardCpu(const at::Tensor& input) {
  if (input.scalar_type() != at::kFloat) return forwardPlain(input);
  const at::Tensor source = input.contiguous();
  at::Tensor output = at::empty_like(source, at::MemoryFormat::Contiguous);
  const float* from = source.const_data_ptr<float>();
  float* to = output.mutable_data_ptr<float>();
  at::parallel_for(0, source.numel(), kGeluGrain,
                   [&](int64_t first, int64_t last) { forwardRange(from + first, to + first, last - first); });
  return output;
}

at::Tensor backwardCpu(const at::Tensor& gradient, const at::Tensor& input) {
  if (input.scalar_type() != at::kFloat || gradient.scalar_type() != at::kFloat) return backwardPlain(gradient, input);
  TORCH_CHECK(gradient.sizes() == input.sizes(), "gelu_tanh_backward: gradient ", gradient.sizes(), " and input ",
              input.sizes(), " do not fit");
  const at::Tensor source = input.contiguous(), upper = gradient.contiguous();
  at::Tensor output = at::empty_like(source, at::MemoryFormat::Contiguous);
  const float* from = source.const_data_ptr<float>();
  const float* above = upper.const_data_ptr<float>();
  float* to = output.mutable_data_ptr<float>();
  at::parallel_for(0, source.numel(), kGeluGrain, [&](int64_t first, int64_t last) {
    backwardRange(above + first, from + first, to + first, last - first);
  });
  return output;
}

at::Tensor geluTanhBackward(const at::Tensor& gradient, const at::Tensor& input) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::gelu_tanh_backward", "")
                             .typed<at::Tensor(const at::Tensor&, const at::Tensor&)>();
  return op.call(gradient, input);
}

class GeluTanhFunction : public torch::autograd::Function<GeluTanhFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({input});
    return geluTanh(input);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor input = context->get_saved_variables()[0];
    // Under create_graph torch's own, which is differentiable again.
    if (at::GradMode::is_enabled()) return {at::gelu_backward(gradients[0], input, "tanh")};
    return {geluTanhBackward(gradients[0], input)};
  }
};

at::Tensor autograd(const at::Tensor& input) {
  if (at::GradMode::is_enabled() && input.requires_grad()) return GeluTanhFunction::apply(input);
  const at::AutoDispatchBelowADInplaceOrView guard;
  return geluTanh(input);
}

}  // namespace

at::Tensor geluTanh(const at::Tensor& input) {
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("gptorch::gelu_tanh", "").typed<at::Tensor(const at::Tensor&)>();
  return op.call(input);
}

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def("gelu_tanh(Tensor input) -> Tensor");
  library.def("gelu_tanh_backward(Tensor gradient, Tensor input) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CPU, library) {
  library.impl("gelu_tanh", forwardCpu);
  library.impl("gelu_tanh_backward", backwardCpu);
}
TORCH_LIBRARY_IMPL(gptorch, CompositeExplicitAutograd, library) {
  library.impl("gelu_tanh", forwardPlain);
  library.impl("gelu_tanh_backward", backwardPlain);
}
TORCH_LIBRARY_IMPL(gptorch, Autograd, library) { library.impl("gelu_tanh", autograd); }

}  // namespace gptorch::ops
