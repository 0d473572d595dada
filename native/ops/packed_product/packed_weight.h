#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace gptorch::ops {

/// Weights (in, out) and bias (out) laid out for packedProduct: panels of 64 output channels, in each the channels of
/// an input side by side.
struct PackedWeight {
  int64_t in = 0, out = 0;
  /// (panels, in, 64) float32, bfloat16 or int8; channels beyond `out` are 0.
  at::Tensor panels;
  /// (panels · 64) float32: a channel's weights are its panel's numbers times its scale. 1 unless int8.
  at::Tensor scales;
  /// (panels · 64) float32; 0 where there is none.
  at::Tensor bias;

  bool defined() const { return panels.defined(); }
  /// The weights of one output channel, in float32.
  void channel(int64_t index, float* to) const;
};

/// Packs a CPU float32 matrix of any strides as `dtype`: float32, bfloat16 (to nearest, ties to even) or int8
/// (symmetric, a scale per output channel).
/// @throws c10::Error for an int8 weight that is not finite
PackedWeight packWeight(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType dtype);

/// The scale of int8 weights whose largest magnitude is `largest`: largest / 127 to 16 significant bits, so that the
/// product of an integer and a scale is exact and quantising it again gives the same integers and scales.
float int8Scale(float largest);

/// int8Scale of each of (channels) float32, where they are.
/// @throws c10::Error where one is not finite
at::Tensor int8Scales(const at::Tensor& largest);

}  // namespace gptorch::ops
