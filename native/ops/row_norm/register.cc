#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include "ops/row_norm/row_norm.h"

// The kernel as an operator, so that Python can check it.
namespace gptorch::ops {

namespace {

at::Tensor normalise(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  const at::Tensor rows = input.contiguous();
  TORCH_CHECK(rows.dim() == 2 && weight.is_contiguous() && bias.is_contiguous() && weight.numel() == rows.size(1) &&
                  bias.numel() == rows.size(1),
              "row_norm: weight and bias do not fit");
  at::Tensor output = at::empty_like(rows);
  rowNorm(rows.const_data_ptr<float>(), rows.size(0), rows.size(1), weight.const_data_ptr<float>(),
          bias.const_data_ptr<float>(), eps, output.mutable_data_ptr<float>());
  return output;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def("row_norm(Tensor input, Tensor weight, Tensor bias, float eps) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CPU, library) { library.impl("row_norm", normalise); }

}  // namespace gptorch::ops
