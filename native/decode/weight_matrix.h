#pragma once

#include <ATen/core/Tensor.h>

#include "decode/weight_format.h"

namespace gptorch {

/// The matrix of a product in one of the formats, for libtorch's operators.
class WeightMatrix {
 public:
  WeightMatrix() = default;
  /// @param weight (in, out) float32
  /// @param bias (out) or undefined
  WeightMatrix(const at::Tensor& weight, const at::Tensor& bias, WeightFormat format);

  /// (rows, in) float32 → (rows, out) float32
  at::Tensor multiply(const at::Tensor& input) const;

  /// Columns as numbers of float32: (n) → (n, in)
  at::Tensor columns(const at::Tensor& indices) const;

 private:
  at::Tensor weight_;  // (in, out)
  at::Tensor scale_;   // (out) of int8
  at::Tensor bias_;
};

}  // namespace gptorch
