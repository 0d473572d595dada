#pragma once

#include <ATen/core/Tensor.h>

namespace gptorch {

/// What stands between a feed-forward layer's two products.
enum class Activation { GeluTanh, Gelu, Relu };

/// Element by element.
at::Tensor activate(const at::Tensor& input, Activation activation);

}  // namespace gptorch
