#pragma once

#include <cstdint>

namespace gptorch::ops {

/// Output channels of a panel.
constexpr int kPanelWidth = 64;

/// What is done to a product's result before it is written.
enum class Finish { None, GeluTanh, Gelu, Relu };

/// A product's inner loops for one instruction set. A panel holds kPanelWidth output channels of the weights, (depth,
/// kPanelWidth); a tile is (rows, kPanelWidth) float32.
///
/// An element of a tile is one chain of multiply-adds over ascending depth, in whatever pieces and with whatever rows
/// beside it.
struct TileKernels {
  /// tile (+)= input (rows, depth) · panel; adds if `accumulate`.
  template <class Weight>
  using Multiply = void (*)(const float* input, int64_t stride, int64_t rows, const Weight* panel, int64_t depth,
                            float* tile, bool accumulate);
  Multiply<float> multiplyFloat;
  Multiply<uint16_t> multiplyBFloat16;
  Multiply<int8_t> multiplyInt8;
  /// tile = finish(tile · scales + bias); each is kPanelWidth numbers.
  void (*finish)(float* tile, int64_t rows, const float* scales, const float* bias, Finish finish);

  Multiply<float> multiply(const float*) const { return multiplyFloat; }
  Multiply<uint16_t> multiply(const uint16_t*) const { return multiplyBFloat16; }
  Multiply<int8_t> multiply(const int8_t*) const { return multiplyInt8; }
};

TileKernels genericTileKernels();
TileKernels avx2TileKernels();
TileKernels avx512TileKernels();

/// Those of instructionSet().
const TileKernels& tileKernels();

}  // namespace gptorch::ops
