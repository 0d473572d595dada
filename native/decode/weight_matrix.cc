#include "decode/weight_matrix.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/mm.h>

#include "ops/packed_product/packed_weight.h"

namespace gptorch {

WeightMatrix::WeightMatrix(const at::Tensor& weight, const at::Tensor& bias, WeightFormat format) : bias_(bias) {
  switch (format) {
    case WeightFormat::Float32:
      weight_ = weight;
      return;
    case WeightFormat::BFloat16:
      weight_ = weight.to(at::kBFloat16);
      return;
    case WeightFormat::Int8:
      scale_ = ops::int8Scales(weight.abs().amax(0));  // (out)
      weight_ = weight.mul(scale_.reciprocal()).round_().clamp_(-127, 127).to(at::kChar);
      return;
  }
}

at::Tensor WeightMatrix::multiply(const at::Tensor& input) const {
  at::Tensor output;  // (rows, out)
  if (weight_.scalar_type() == at::kFloat) {
    return bias_.defined() ? at::addmm(bias_, input, weight_) : at::mm(input, weight_);
  }
  if (weight_.scalar_type() == at::kBFloat16 && input.is_cuda()) {
    output = at::mm(input.to(at::kBFloat16), weight_).to(at::kFloat);
  } else {
    output = at::mm(input, weight_.to(at::kFloat));
    if (scale_.defined()) output.mul_(scale_);
  }
  return bias_.defined() ? output.add_(bias_) : output;
}

at::Tensor WeightMatrix::columns(const at::Tensor& indices) const {
  const at::Tensor columns = weight_.index_select(1, indices).to(at::kFloat);  // (in, n)
  return (scale_.defined() ? columns * scale_.index_select(0, indices) : columns).t();
}

}  // namespace gptorch
