#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace gptorch::ops {

/// Whether the product of two matrices is oneDNN's to make: float32 on a CPU for which MKL, libtorch's own choice, has
/// no kernels of its best. On processors that are not Intel's it takes those for AVX2 whatever else they have: 2.2
/// times slower than oneDNN on an AVX-512 machine of AMD's, at every shape of a GPT.
bool oneDnnFits(const at::Tensor& a, const at::Tensor& b);

/// a · b + bias, where oneDnnFits: a (rows, inner), b (inner, columns) of any strides, bias (columns).
at::Tensor oneDnnProduct(const at::Tensor& a, const at::Tensor& b, const std::optional<at::Tensor>& bias);

/// a · b + sum, where oneDnnFits: sum (rows, columns).
at::Tensor oneDnnProductPlus(const at::Tensor& a, const at::Tensor& b, const at::Tensor& sum);

}  // namespace gptorch::ops
