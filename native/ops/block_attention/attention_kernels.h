#pragma once

#include <cstdint>

namespace gptorch::ops {

/// Queries that share a pass over keys and values.
constexpr int kQueryGroup = 4;

/// Attention's inner loops for one instruction set. A query's sums run over ascending place, or ascending element of
/// the head, each in one chain, whatever queries are beside it.
struct AttentionKernels {
  /// scores[q] = queries[q] · keys (headWidth, 32) for `count` queries, 1 to kQueryGroup.
  void (*score)(const float* const* queries, int count, const float* keys, int64_t headWidth, float* const* scores);
  /// Replaces `count` scores by their softmax of scores · scale.
  void (*softmax)(float* scores, int64_t count, float scale);
  /// sums[q] += weights[q][0 … places) · values (places, headWidth) for `count` queries, 1 to kQueryGroup.
  void (*mix)(const float* const* weights, int count, int64_t places, const float* values, int64_t headWidth,
              float* const* sums);
};

AttentionKernels genericAttentionKernels();
AttentionKernels avx2AttentionKernels();
AttentionKernels avx512AttentionKernels();

}  // namespace gptorch::ops
