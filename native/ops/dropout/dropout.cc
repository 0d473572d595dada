#include "ops/dropout/dropout.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "ops/dropout/check.h"
#include "ops/dropout/drop_kernels.h"
#include "ops/grain.h"
#include "ops/simd/instruction_set.h"

namespace gptorch::ops {

namespace {

using Mask = DropoutMask;

const DropKernels& dropKernels() {
  static const DropKernels kernels = kernelsFor<genericDropKernels, avx2DropKernels, avx512DropKernels>();
  return kernels;
}

at::Tensor drop(const at::Tensor& input, const Mask& mask) {
  if (mask.dropsNone()) return input.clone(at::MemoryFormat::Contiguous);
  if (mask.dropsAll()) return at::zeros_like(input, {}, at::MemoryFormat::Contiguous);

  const at::Tensor source = input.contiguous();
  at::Tensor output = at::empty_like(source);
  const int64_t numel = source.numel();
  const int64_t chunks = (numel + Mask::kChunk - 1) / Mask::kChunk;
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, source.scalar_type(), "gptorch::dropout", [&] {
    const scalar_t* from = source.const_data_ptr<scalar_t>();
    scalar_t* to = output.mutable_data_ptr<scalar_t>();
    const auto dropChunks = dropKernels().drop(from);
    at::parallel_for(0, chunks, kGrain / Mask::kChunk,
                     [&](int64_t first, int64_t last) { dropChunks(from, to, first, last, numel, mask); });
  });
  return output;
}

at::Tensor dropoutCpu(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal) {
  checkDropout(input, p);
  return drop(input, Mask::of(p, seed, step, ordinal));
}

at::Tensor dropoutKeyedCpu(const at::Tensor& input, double p, const at::Tensor& key, int64_t draw) {
  checkDropout(input, p);
  checkDropoutKey(input, key);
  const int64_t* words = key.const_data_ptr<int64_t>();
  return drop(input, Mask::of(p, words[0], words[1], words[2] + draw));
}

at::Tensor dropoutMeta(const at::Tensor& input, double p, int64_t, int64_t, int64_t) {
  checkDropout(input, p);
  return at::empty_like(input, at::MemoryFormat::Contiguous);
}

at::Tensor dropoutKeyedMeta(const at::Tensor& input, double p, const at::Tensor& key, int64_t) {
  checkDropout(input, p);
  checkDropoutKey(input, key);
  return at::empty_like(input, at::MemoryFormat::Contiguous);
}

class DropoutFunction : public torch::autograd::Function<DropoutFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, double p, int64_t seed,
                            int64_t step, int64_t ordinal) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->saved_data["p"] = p;
    context->saved_data["seed"] = seed;
    context->saved_data["step"] = step;
    context->saved_data["ordinal"] = ordinal;
    return dropout(input, p, seed, step, ordinal);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto& saved = context->saved_data;
    // Linear in its input, so the same operator is its own derivative, and differentiable again.
    return {dropout(gradients[0], saved.at("p").toDouble(), saved.at("seed").toInt(), saved.at("step").toInt(),
                    saved.at("ordinal").toInt()),
            {},
            {},
            {},
            {}};
  }
};

/// The key is saved as a tensor: one that is overwritten before the backward pass fails it, as it must.
class DropoutKeyedFunction : public torch::autograd::Function<DropoutKeyedFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, double p,
                            const at::Tensor& key, int64_t draw) {
    at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({key});
    context->saved_data["p"] = p;
    context->saved_data["draw"] = draw;
    return dropout(input, p, key, draw);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto& saved = context->saved_data;
    const at::Tensor key = context->get_saved_variables()[0];
    return {dropout(gradients[0], saved.at("p").toDouble(), key, saved.at("draw").toInt()), {}, {}, {}};
  }
};

at::Tensor dropoutKeyedAutograd(const at::Tensor& input, double p, const at::Tensor& key, int64_t draw) {
  return DropoutKeyedFunction::apply(input, p, key, draw);
}

at::Tensor dropoutAutograd(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal) {
  return DropoutFunction::apply(input, p, seed, step, ordinal);
}

}  // namespace

at::Tensor dropout(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::dropout", "")
                             .typed<at::Tensor(const at::Tensor&, double, int64_t, int64_t, int64_t)>();
  return op.call(input, p, seed, step, ordinal);
}

at::Tensor dropout(const at::Tensor& input, double p, const at::Tensor& key, int64_t draw) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::dropout", "keyed")
                             .typed<at::Tensor(const at::Tensor&, double, const at::Tensor&, int64_t)>();
  return op.call(input, p, key, draw);
}

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def("dropout(Tensor input, float p, int seed, int step, int ordinal) -> Tensor");
  library.def("dropout.keyed(Tensor input, float p, Tensor key, int draw) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CPU, library) {
  library.impl("dropout", dropoutCpu);
  library.impl("dropout.keyed", dropoutKeyedCpu);
}
TORCH_LIBRARY_IMPL(gptorch, Meta, library) {
  library.impl("dropout", dropoutMeta);
  library.impl("dropout.keyed", dropoutKeyedMeta);
}
TORCH_LIBRARY_IMPL(gptorch, Autograd, library) {
  library.impl("dropout", dropoutAutograd);
  library.impl("dropout.keyed", dropoutKeyedAutograd);
}

}  // namespace gptorch::ops
