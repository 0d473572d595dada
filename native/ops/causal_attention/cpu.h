#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <tuple>

namespace gptorch::ops::causal_attention {

struct Options {
  int64_t heads;
  std::optional<int64_t> window;
  double dropout;
  std::optional<at::Tensor> key;
  int64_t draw;
};

/// projection (B, T, 3 · inner) -> output (B, T, inner), log-sum-exp of each query's scores (B, heads, T).
std::tuple<at::Tensor, at::Tensor> forwardCpu(const at::Tensor& projection, const Options& options);

/// The gradient of the projection.
at::Tensor backwardCpu(const at::Tensor& gradOutput, const at::Tensor& projection, const at::Tensor& output,
                       const at::Tensor& logSumExp, const Options& options);

}  // namespace gptorch::ops::causal_attention
