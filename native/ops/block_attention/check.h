#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <initializer_list>
#include <optional>

#include "ops/block_attention/block_attention.h"

namespace gptorch::ops {

/// The same on every device: shapes, dtypes and places of the operator's tensors.
inline void checkBlockAttention(const at::Tensor& input, const at::Tensor& keys, const at::Tensor& values,
                                const at::Tensor& tables, const at::Tensor& sequences, const at::Tensor& positions,
                                const std::optional<int64_t>& window) {
  TORCH_CHECK(keys.dim() == 4 && keys.size(3) == AttentionBlocks::kLength && values.dim() == 4 &&
                  values.sizes() == at::IntArrayRef({keys.size(0), keys.size(1), keys.size(3), keys.size(2)}),
              "block_attention: keys ", keys.sizes(), " and values ", values.sizes(),
              " must be (blocks, heads, headWidth, ", AttentionBlocks::kLength, ") and (blocks, heads, ",
              AttentionBlocks::kLength, ", headWidth)");
  TORCH_CHECK(input.dim() == 2 && input.size(1) == 3 * keys.size(1) * keys.size(2), "block_attention: input ",
              input.sizes(), " must be (rows, 3 · heads · headWidth) where keys are ", keys.sizes());
  TORCH_CHECK(input.scalar_type() == at::kFloat, "block_attention: input must be float32, not ", input.scalar_type());
  TORCH_CHECK(keys.scalar_type() == values.scalar_type(), "block_attention: keys are ", keys.scalar_type(),
              ", values are ", values.scalar_type());
  TORCH_CHECK(tables.dim() == 2 && sequences.dim() == 1 && positions.dim() == 1 && sequences.size(0) == input.size(0) &&
                  positions.size(0) == input.size(0),
              "block_attention: tables ", tables.sizes(), ", sequences ", sequences.sizes(), " and positions ",
              positions.sizes(), " must be (sequences, blocks), (rows) and (rows) where input is ", input.sizes());
  TORCH_CHECK(!window || *window > 0, "block_attention: window must be above 0, not ", *window);
  for (const at::Tensor* integers : {&tables, &sequences, &positions}) {
    TORCH_CHECK(integers->scalar_type() == at::kInt,
                "block_attention: tables, sequences and positions must be int32, not ", integers->scalar_type());
  }
  for (const at::Tensor* each : {&input, &keys, &values, &tables, &sequences, &positions}) {
    TORCH_CHECK(each->is_contiguous() && each->device() == input.device(),
                "block_attention: every tensor must be contiguous and on one device");
  }
}

}  // namespace gptorch::ops
