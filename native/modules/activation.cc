#include "modules/activation.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>

#include "ops/gelu_tanh/gelu_tanh.h"

namespace gptorch {

at::Tensor activate(const at::Tensor& input, Activation activation) {
  switch (activation) {
    case Activation::GeluTanh:
      return ops::geluTanh(input);
    case Activation::Gelu:
      return at::gelu(input);
    case Activation::Relu:
      return at::relu(input);
  }
  return input;
}

}  // namespace gptorch
