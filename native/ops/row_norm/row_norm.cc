#include "ops/row_norm/row_norm.h"

#include <algorithm>
#include <cmath>

#include "ops/in_turn.h"

#define GPTORCH_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

namespace gptorch::ops {

namespace {

/// Partial results side by side, so that reductions vectorise without licence to reorder them.
constexpr int kLanes = 16;

/// The sum of term(element) over the row.
template <class Term>
inline __attribute__((always_inline)) float sum(const float* row, int64_t width, const Term& term) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += term(row[i + lane]);
  }
  for (; i < width; ++i) lanes[0] += term(row[i]);
  float total = 0;
  for (const float lane : lanes) total += lane;
  return total;
}

GPTORCH_CLONES void normalise(const float* input, int64_t width, const float* weight, const float* bias, double eps,
                              float* output) {
  const float count = static_cast<float>(width);
  const float mean = sum(input, width, [](float x) { return x; }) / count;
  const float variance = sum(input, width, [mean](float x) { return (x - mean) * (x - mean); }) / count;
  const float factor = 1 / std::sqrt(variance + static_cast<float>(eps));
  for (int64_t i = 0; i < width; ++i) output[i] = (input[i] - mean) * factor * weight[i] + bias[i];
}

}  // namespace

void rowNorm(const float* input, int64_t rows, int64_t width, const float* weight, const float* bias, double eps,
             float* output) {
  // Rows to a piece: worth taking, few enough to share out.
  const int64_t piece = std::max<int64_t>(1, kGrain / (8 * std::max<int64_t>(1, width)));
  inTurn((rows + piece - 1) / piece, piece * width * 4, [&](int64_t task) {
    for (int64_t row = task * piece; row < std::min(rows, (task + 1) * piece); ++row) {
      normalise(input + row * width, width, weight, bias, eps, output + row * width);
    }
  });
}

}  // namespace gptorch::ops
