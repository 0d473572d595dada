#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include <map>
#include <string>

#include "ops/packed_product/packed_product.h"

// The kernels as operators, so that Python can check them.
namespace gptorch::ops {

namespace {

int64_t panelsOf(int64_t out) { return (out + kPanelWidth - 1) / kPanelWidth; }

std::tuple<at::Tensor, at::Tensor> pack(const at::Tensor& weight, at::ScalarType dtype) {
  PackedWeight packed = packWeight(weight, {}, dtype);
  return {packed.panels, packed.scales};
}

std::tuple<at::Tensor, at::Tensor> packMeta(const at::Tensor& weight, at::ScalarType dtype) {
  const c10::SymInt count = (weight.sym_size(1) + kPanelWidth - 1) / kPanelWidth;
  return {at::empty_symint({count, weight.sym_size(0), kPanelWidth}, weight.options().dtype(dtype)),
          at::empty_symint({count * kPanelWidth}, weight.options())};
}

at::Tensor multiply(const at::Tensor& input, const at::Tensor& panels, const at::Tensor& scales,
                    const std::optional<at::Tensor>& bias, int64_t out, std::string_view activation,
                    const std::optional<at::Tensor>& residual) {
  static const std::map<std::string_view, Finish> finishes = {
      {"none", Finish::None}, {"gelu_tanh", Finish::GeluTanh}, {"gelu", Finish::Gelu}, {"relu", Finish::Relu}};
  const auto finish = finishes.find(activation);
  TORCH_CHECK(finish != finishes.end(), "packed_product: no activation '", activation, "'");
  TORCH_CHECK(input.dim() == 2 && input.scalar_type() == at::kFloat && panels.dim() == 3 && panels.is_contiguous() &&
                  panels.size(0) == panelsOf(out) && panels.size(1) == input.size(1) && panels.size(2) == kPanelWidth &&
                  scales.numel() == panels.size(0) * kPanelWidth,
              "packed_product: input ", input.sizes(), " and panels ", panels.sizes(), " of ", out,
              " channels do not fit");
  TORCH_CHECK(!residual || residual->sizes() == at::IntArrayRef({input.size(0), out}),
              "packed_product: the residual does not fit");
  PackedWeight weight{input.size(1), out, panels, scales.contiguous(), at::zeros_like(scales)};
  if (bias) weight.bias.narrow(0, 0, out).copy_(*bias);
  const at::Tensor rows = input.contiguous();
  const at::Tensor sum = residual ? residual->contiguous() : at::Tensor();
  at::Tensor output = at::empty({rows.size(0), out}, rows.options());
  packedProduct(rows.const_data_ptr<float>(), rows.size(0), weight, finish->second,
                residual ? sum.const_data_ptr<float>() : nullptr, output.mutable_data_ptr<float>());
  return output;
}

at::Tensor multiplyMeta(const at::Tensor& input, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                        c10::SymInt out, std::string_view, const std::optional<at::Tensor>&) {
  return at::empty_symint({input.sym_size(0), std::move(out)}, input.options());
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def("pack_weight(Tensor weight, ScalarType dtype) -> (Tensor panels, Tensor scales)");
  library.def(
      "packed_product(Tensor input, Tensor panels, Tensor scales, Tensor? bias, SymInt out, str activation='none', "
      "Tensor? residual=None) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CPU, library) {
  library.impl("pack_weight", pack);
  library.impl("packed_product", multiply);
}
TORCH_LIBRARY_IMPL(gptorch, Meta, library) {
  library.impl("pack_weight", packMeta);
  library.impl("packed_product", multiplyMeta);
}

}  // namespace gptorch::ops
