#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "modules/activation.h"

namespace gptorch {

/// The parameters of a GPT as its modules own them, and what else its forward pass depends on.
struct GptWeights {
  struct Norm {
    at::Tensor weight, bias;  // (width)
    double eps = 1e-5;
  };
  /// y = x · weight + bias; the bias may be undefined.
  struct Product {
    at::Tensor weight;  // (in, out)
    at::Tensor bias;    // (out)
  };
  struct Block {
    Norm norm1, norm2;
    /// c_attn (width, 3 · heads · headWidth) and c_proj of attention; c_fc and c_proj of the feed-forward layer.
    Product queryKeyValue, attentionOutput, expand, contract;
  };

  at::Tensor tokens;     // (vocabSize, width)
  at::Tensor positions;  // (contextLength, width)
  std::vector<Block> blocks;
  /// The final norm of the pre-norm form.
  std::optional<Norm> norm;
  at::Tensor output;  // (vocabSize, width); the same tensor as `tokens` where they are tied

  int64_t heads = 1, headWidth = 1;
  bool preNorm = true;
  Activation activation = Activation::GeluTanh;
  /// Tokens that a position attends to, itself included; none: all.
  std::optional<int64_t> attentionWindow;
};

}  // namespace gptorch
