#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace gptorch::ops {

/// a · b + bias: a (rows, inner), b (inner, columns), bias (columns), of any strides -> (rows, columns), contiguous.
/// torch's addmm and mm, by the faster of the libraries that libtorch has for it.
at::Tensor matrixProduct(const at::Tensor& a, const at::Tensor& b, const std::optional<at::Tensor>& bias = {});

/// Adds a · b to `sum`, where undefined counts as 0. Without gradients. A sum of several products of a reduced dtype is
/// float32: it would be rounded with each.
void addProduct(at::Tensor& sum, const at::Tensor& a, const at::Tensor& b);

}  // namespace gptorch::ops
