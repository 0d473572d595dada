#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <optional>

namespace gptorch::ops {

/// The same on every device; shapes alone, so that tracing can call it.
inline void checkLinearCrossEntropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                                    const std::optional<at::Tensor>& rowWeights, bool mean) {
  TORCH_CHECK(hidden.dim() == 2 && weight.dim() == 2 && targets.dim() == 1,
              "linear_cross_entropy: hidden must be (rows, width), weight (vocabSize, width), targets (rows)");
  TORCH_CHECK(hidden.sym_size(1) == weight.sym_size(1) && hidden.sym_size(0) == targets.sym_size(0),
              "linear_cross_entropy: hidden ", hidden.sym_sizes(), ", weight ", weight.sym_sizes(), " and targets ",
              targets.sym_sizes(), " do not fit");
  TORCH_CHECK(hidden.scalar_type() == weight.scalar_type(), "linear_cross_entropy: hidden is ", hidden.scalar_type(),
              ", weight is ", weight.scalar_type());
  TORCH_CHECK(targets.scalar_type() == at::kLong, "linear_cross_entropy: targets must be int64");
  if (!rowWeights) return;
  TORCH_CHECK(!mean, "linear_cross_entropy: row_weights go with a sum, not with a mean");
  TORCH_CHECK(rowWeights->dim() == 1 && rowWeights->sym_size(0) == targets.sym_size(0) &&
                  rowWeights->scalar_type() == at::kFloat,
              "linear_cross_entropy: row_weights must be float32 (rows), not ", rowWeights->scalar_type(), " ",
              rowWeights->sym_sizes());
}

/// The loss is accumulated in double and given in the inputs' dtype, reduced ones in float.
inline at::ScalarType lossDtype(at::ScalarType dtype) { return dtype == at::kDouble ? at::kDouble : at::kFloat; }

}  // namespace gptorch::ops
