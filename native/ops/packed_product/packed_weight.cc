#include "ops/packed_product/packed_weight.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/util/BFloat16.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>

#include "ops/in_turn.h"
#include "ops/packed_product/tile_kernels.h"

namespace gptorch::ops {

namespace {

/// One panel's part of the weights.
struct Columns {
  const float* data;
  int64_t inStride, outStride, in;
  /// Channels that are there, at most kPanelWidth.
  int width;

  float at(int64_t k, int j) const { return data[k * inStride + j * outStride]; }
};

/// visit(k, j), in an order that keeps to few cache lines whichever way the weights lie.
template <class Visit>
void forEach(const Columns& columns, const Visit& visit) {
  if (columns.outStride == 1) {
    for (int64_t k = 0; k < columns.in; ++k) {
      for (int j = 0; j < columns.width; ++j) visit(k, j);
    }
    return;
  }
  constexpr int64_t kPiece = 16;
  for (int64_t first = 0; first < columns.in; first += kPiece) {
    const int64_t last = std::min(first + kPiece, columns.in);
    for (int j = 0; j < columns.width; ++j) {
      for (int64_t k = first; k < last; ++k) visit(k, j);
    }
  }
}

template <class To, class Convert>
void pack(const Columns& columns, To* panel, const Convert& convert) {
  if (columns.width < kPanelWidth) std::fill_n(panel, columns.in * kPanelWidth, To{});
  forEach(columns, [&](int64_t k, int j) { panel[k * kPanelWidth + j] = convert(columns.at(k, j), j); });
}

/// Added and taken away again it rounds a number below 2^22 to nearest, ties to even; a loop over that vectorises.
constexpr float kRound = 12582912;  // 1.5 · 2^23

/// @return whether all weights are finite
bool packInt8(const Columns& columns, int8_t* panel, float* scales) {
  float largest[kPanelWidth] = {};
  float sum[kPanelWidth] = {};
  forEach(columns, [&](int64_t k, int j) {
    const float weight = columns.at(k, j);
    largest[j] = std::max(largest[j], std::abs(weight));
    sum[j] += weight * 0;  // NaN where a weight is not finite
  });
  float inverse[kPanelWidth];
  for (int j = 0; j < kPanelWidth; ++j) {
    if (sum[j] != 0) return false;
    scales[j] = int8Scale(largest[j]);
    inverse[j] = 1 / scales[j];
  }
  pack(columns, panel, [&](float weight, int j) {
    return static_cast<int8_t>(std::clamp((weight * inverse[j] + kRound) - kRound, -127.0f, 127.0f));
  });
  return true;
}

template <class Weight>
void copyChannel(const Weight* panels, int64_t in, int64_t index, float scale, float* to) {
  const Weight* from = panels + index / kPanelWidth * in * kPanelWidth + index % kPanelWidth;
  for (int64_t k = 0; k < in; ++k) to[k] = static_cast<float>(from[k * kPanelWidth]) * scale;
}

}  // namespace

float int8Scale(float largest) {
  const float scale = largest / 127;
  // Weights that small are nothing.
  if (!(scale >= std::numeric_limits<float>::min())) return 1;
  constexpr uint32_t kDropped = 8;
  const uint32_t bits = std::bit_cast<uint32_t>(scale) + (1u << (kDropped - 1));
  return std::bit_cast<float>(bits >> kDropped << kDropped);
}

at::Tensor int8Scales(const at::Tensor& largest) {
  const at::Tensor host = largest.cpu();
  at::Tensor scales = at::empty(host.sizes(), at::kFloat);
  for (int64_t i = 0; i < host.numel(); ++i) {
    const float each = host.const_data_ptr<float>()[i];
    TORCH_CHECK(std::isfinite(each), "int8 weights must be finite");
    scales.mutable_data_ptr<float>()[i] = int8Scale(each);
  }
  return scales.to(largest.device());
}

void PackedWeight::channel(int64_t index, float* to) const {
  switch (panels.scalar_type()) {
    case at::kFloat:
      return copyChannel(panels.const_data_ptr<float>(), in, index, 1, to);
    case at::kBFloat16:
      return copyChannel(panels.const_data_ptr<c10::BFloat16>(), in, index, 1, to);
    default:
      return copyChannel(panels.const_data_ptr<int8_t>(), in, index, scales.const_data_ptr<float>()[index], to);
  }
}

PackedWeight packWeight(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType dtype) {
  TORCH_CHECK(weight.dim() == 2 && weight.scalar_type() == at::kFloat && weight.is_cpu(),
              "packed weights are made from a float32 matrix on the CPU");
  TORCH_CHECK(dtype == at::kFloat || dtype == at::kBFloat16 || dtype == at::kChar,
              "packed weights are float32, bfloat16 or int8, not ", dtype);
  PackedWeight packed;
  packed.in = weight.size(0);
  packed.out = weight.size(1);
  TORCH_CHECK(!bias.defined() || (bias.scalar_type() == at::kFloat && bias.is_cpu() && bias.numel() == packed.out),
              "the bias of packed weights must be float32 (", packed.out, ") on the CPU");
  const int64_t count = (packed.out + kPanelWidth - 1) / kPanelWidth;
  packed.panels = at::empty({count, packed.in, kPanelWidth}, at::dtype(dtype));
  packed.scales = at::ones({count * kPanelWidth}, at::kFloat);
  packed.bias = at::zeros({count * kPanelWidth}, at::kFloat);
  if (bias.defined()) packed.bias.narrow(0, 0, packed.out).copy_(bias.detach().view(-1));

  const float* const source = weight.const_data_ptr<float>();
  void* const target = packed.panels.mutable_data_ptr();
  float* const scales = packed.scales.mutable_data_ptr<float>();
  std::atomic<bool> finite = true;
  inTurn(count, packed.in * kPanelWidth, [&](int64_t p) {
    const int64_t first = p * kPanelWidth, offset = first * packed.in;
    const Columns columns{source + first * weight.stride(1), weight.stride(0), weight.stride(1), packed.in,
                          static_cast<int>(std::min<int64_t>(kPanelWidth, packed.out - first))};
    if (dtype == at::kFloat) {
      pack(columns, static_cast<float*>(target) + offset, [](float value, int) { return value; });
    } else if (dtype == at::kBFloat16) {
      pack(columns, static_cast<c10::BFloat16*>(target) + offset,
           [](float value, int) { return c10::BFloat16(value); });
    } else if (!packInt8(columns, static_cast<int8_t*>(target) + offset, scales + first)) {
      finite = false;
    }
  });
  TORCH_CHECK(finite, "int8 weights must be finite");
  return packed;
}

}  // namespace gptorch::ops
