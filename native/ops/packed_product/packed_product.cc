#include "ops/packed_product/packed_product.h"

#include <algorithm>

#include "ops/in_turn.h"
#include "ops/simd/instruction_set.h"

namespace gptorch::ops {

namespace {

/// Rows of a tile: it stays in the second-level cache.
constexpr int64_t kRowPiece = 192;
/// Up to as many rows a panel is read once, from memory into registers. More rows go over it in pieces that stay in the
/// first-level cache.
constexpr int64_t kFewRows = 6, kPieceBytes = 32 << 10;

template <class Weight>
void multiplyPanel(const TileKernels& kernels, const float* input, int64_t rows, const Weight* panel, int64_t depth,
                   float* tile) {
  const auto multiply = kernels.multiply(panel);
  const int64_t piece = rows <= kFewRows ? depth : kPieceBytes / (kPanelWidth * static_cast<int64_t>(sizeof(Weight)));
  for (int64_t first = 0; first < depth; first += piece) {
    const int64_t now = std::min(piece, depth - first);
    multiply(input + first, depth, rows, panel + first * kPanelWidth, now, tile, first > 0);
  }
}

void writeTile(const float* tile, int64_t rows, int64_t columns, const float* residual, float* output, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* const from = tile + r * kPanelWidth;
    float* const to = output + r * stride;
    if (residual) {
      for (int64_t j = 0; j < columns; ++j) to[j] = from[j] + residual[r * stride + j];
    } else {
      std::copy_n(from, columns, to);
    }
  }
}

template <class Weight>
void multiplyAll(const float* input, int64_t rows, const PackedWeight& weight, const Weight* panels, Finish finish,
                 const float* residual, float* output) {
  const TileKernels& kernels = tileKernels();
  const float* const scales = weight.scales.const_data_ptr<float>();
  const float* const bias = weight.bias.const_data_ptr<float>();
  const int64_t panelCount = weight.panels.size(0);
  const int64_t pieces = (rows + kRowPiece - 1) / kRowPiece;
  const int64_t pieceRows = (rows + pieces - 1) / pieces;
  inTurn(panelCount * pieces, weight.in * kPanelWidth * pieceRows, [&](int64_t task) {
    const int64_t channel = task / pieces * kPanelWidth, row = task % pieces * pieceRows;
    const int64_t rowsNow = std::min(pieceRows, rows - row);
    if (rowsNow <= 0) return;
    alignas(64) float tile[kRowPiece * kPanelWidth];
    multiplyPanel(kernels, input + row * weight.in, rowsNow, panels + channel * weight.in, weight.in, tile);
    kernels.finish(tile, rowsNow, scales + channel, bias + channel, finish);
    const int64_t place = row * weight.out + channel;
    writeTile(tile, rowsNow, std::min<int64_t>(kPanelWidth, weight.out - channel),
              residual ? residual + place : nullptr, output + place, weight.out);
  });
}

}  // namespace

const TileKernels& tileKernels() {
  static const TileKernels kernels = kernelsFor<genericTileKernels, avx2TileKernels, avx512TileKernels>();
  return kernels;
}

void packedProduct(const float* input, int64_t rows, const PackedWeight& weight, Finish finish, const float* residual,
                   float* output) {
  if (rows == 0) return;
  const void* const panels = weight.panels.const_data_ptr();
  switch (weight.panels.scalar_type()) {
    case at::kFloat:
      return multiplyAll(input, rows, weight, static_cast<const float*>(panels), finish, residual, output);
    case at::kBFloat16:
      return multiplyAll(input, rows, weight, static_cast<const uint16_t*>(panels), finish, residual, output);
    default:
      return multiplyAll(input, rows, weight, static_cast<const int8_t*>(panels), finish, residual, output);
  }
}

}  // namespace gptorch::ops
