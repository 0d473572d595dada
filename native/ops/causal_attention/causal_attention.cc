#include "ops/causal_attention/causal_attention.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <tuple>

#include "ops/causal_attention/check.h"
#include "ops/causal_attention/cpu.h"

namespace gptorch::ops {

namespace {

using causal_attention::backwardCpu;
using causal_attention::forwardCpu;
using Window = std::optional<int64_t>;
using Key = std::optional<at::Tensor>;
using Result = std::tuple<at::Tensor, at::Tensor>;

Result forwardKernel(const at::Tensor& projection, int64_t heads, Window window, double dropout, const Key& key,
                     int64_t draw) {
  checkCausalAttention(projection, heads, window, dropout, key);
  return forwardCpu(projection, {heads, window, dropout, key, draw});
}

Result forwardMeta(const at::Tensor& projection, int64_t heads, Window window, double dropout, const Key& key,
                   int64_t) {
  checkCausalAttention(projection, heads, window, dropout, key);
  const c10::SymInt batch = projection.sym_size(0), length = projection.sym_size(1);
  const at::ScalarType dtype = projection.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return {at::empty_symint({batch, length, projection.sym_size(2) / 3}, projection.options()),
          at::empty_symint({batch, heads, length}, projection.options().dtype(dtype))};
}

at::Tensor backwardKernel(const at::Tensor& gradient, const at::Tensor& projection, const at::Tensor& output,
                          const at::Tensor& logSumExp, int64_t heads, Window window, double dropout, const Key& key,
                          int64_t draw) {
  checkCausalAttention(projection, heads, window, dropout, key);
  const at::IntArrayRef shape = projection.sizes();
  TORCH_CHECK(gradient.sizes() == output.sizes() &&
                  output.sizes() == at::IntArrayRef({shape[0], shape[1], shape[2] / 3}) &&
                  logSumExp.sizes() == at::IntArrayRef({shape[0], heads, shape[1]}) && logSumExp.is_contiguous(),
              "causal_attention: gradient ", gradient.sizes(), ", output ", output.sizes(), " and log_sum_exp ",
              logSumExp.sizes(), " do not fit the projection ", shape);
  return backwardCpu(gradient, projection, output, logSumExp, {heads, window, dropout, key, draw});
}

at::Tensor backwardMeta(const at::Tensor&, const at::Tensor& projection, const at::Tensor&, const at::Tensor&, int64_t,
                        Window, double, const Key&, int64_t) {
  return at::empty_like(projection, at::MemoryFormat::Contiguous);
}

Result forward(const at::Tensor& projection, int64_t heads, Window window, double dropout, const Key& key,
               int64_t draw) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("gptorch::causal_attention_forward", "")
          .typed<Result(const at::Tensor&, int64_t, std::optional<int64_t>, double, const Key&, int64_t)>();
  return op.call(projection, heads, window, dropout, key, draw);
}

at::Tensor backward(const at::Tensor& gradient, const at::Tensor& projection, const at::Tensor& output,
                    const at::Tensor& logSumExp, int64_t heads, Window window, double dropout, const Key& key,
                    int64_t draw) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::causal_attention_backward", "")
                             .typed<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                               const at::Tensor&, int64_t, Window, double, const Key&, int64_t)>();
  return op.call(gradient, projection, output, logSumExp, heads, window, dropout, key, draw);
}

/// The key is saved as a tensor: one that is overwritten before the backward pass fails it, as it must.
class CausalAttentionFunction : public torch::autograd::Function<CausalAttentionFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& projection, int64_t heads,
                            Window window, double dropout, const Key& key, int64_t draw) {
    at::AutoDispatchBelowADInplaceOrView guard;
    auto [output, logSumExp] = ops::forward(projection, heads, window, dropout, key, draw);
    context->save_for_backward({projection, output, logSumExp, key.value_or(at::Tensor())});
    context->saved_data["heads"] = heads;
    context->saved_data["window"] = window;
    context->saved_data["dropout"] = dropout;
    context->saved_data["draw"] = draw;
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    // The kernel records nothing: a second derivative would be silently wrong.
    TORCH_CHECK(!at::GradMode::is_enabled(), "causal_attention has no second derivative (create_graph)");
    const auto tensors = context->get_saved_variables();
    const auto& saved = context->saved_data;
    const Key key = tensors[3].defined() ? Key(tensors[3]) : Key();
    return {ops::backward(gradients[0], tensors[0], tensors[1], tensors[2], saved.at("heads").toInt(),
                          saved.at("window").toOptional<int64_t>(), saved.at("dropout").toDouble(), key,
                          saved.at("draw").toInt()),
            {},
            {},
            {},
            {},
            {}};
  }
};

at::Tensor plain(const at::Tensor& projection, int64_t heads, Window window, double dropout, const Key& key,
                 int64_t draw) {
  return std::get<0>(forward(projection, heads, window, dropout, key, draw));
}

at::Tensor autograd(const at::Tensor& projection, int64_t heads, Window window, double dropout, const Key& key,
                    int64_t draw) {
  if (at::GradMode::is_enabled() && projection.requires_grad()) {
    return CausalAttentionFunction::apply(projection, heads, window, dropout, key, draw);
  }
  const at::AutoDispatchBelowADInplaceOrView guard;
  return causalAttention(projection, heads, window, dropout, key, draw);
}

}  // namespace

at::Tensor causalAttention(const at::Tensor& projection, int64_t heads, std::optional<int64_t> window, double dropout,
                           const std::optional<at::Tensor>& key, int64_t draw) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::causal_attention", "")
                             .typed<at::Tensor(const at::Tensor&, int64_t, Window, double, const Key&, int64_t)>();
  return op.call(projection, heads, window, dropout, key, draw);
}

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def(
      "causal_attention(Tensor projection, int heads, int? window=None, float dropout=0.0, Tensor? key=None,"
      " int draw=0) -> Tensor");
  library.def(
      "causal_attention_forward(Tensor projection, int heads, int? window, float dropout, Tensor? key, int draw)"
      " -> (Tensor output, Tensor log_sum_exp)");
  library.def(
      "causal_attention_backward(Tensor gradient, Tensor projection, Tensor output, Tensor log_sum_exp, int heads,"
      " int? window, float dropout, Tensor? key, int draw) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CompositeExplicitAutograd, library) { library.impl("causal_attention", plain); }
TORCH_LIBRARY_IMPL(gptorch, CPU, library) {
  library.impl("causal_attention_forward", forwardKernel);
  library.impl("causal_attention_backward", backwardKernel);
}
TORCH_LIBRARY_IMPL(gptorch, Meta, library) {
  library.impl("causal_attention_forward", forwardMeta);
  library.impl("causal_attention_backward", backwardMeta);
}
TORCH_LIBRARY_IMPL(gptorch, Autograd, library) { library.impl("causal_attention", autograd); }

}  // namespace gptorch::ops
