#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/causal_attention/scratch.h"
#include "ops/dropout/mask.h"

namespace gptorch::ops::causal_attention {

/// Queries and keys of a block: scores of a block fit the first cache, and a dropout's chunk is a row of them.
constexpr int64_t kQueries = 32, kKeys = 128;

/// Rows of a matrix, `stride` elements apart.
template <class T>
struct Rows {
  T* data;
  int64_t stride;
  T* operator[](int64_t row) const { return data + row * stride; }
};

/// One head of one sequence.
template <class T>
struct Head {
  /// (length, width)
  Rows<const T> query, key, value;
  int64_t length, width;
  /// Positions that a query sees, itself included; at most `length`.
  int64_t window;
  /// Of the scores.
  T scale;
  /// null where nothing is dropped; the place in it of this head's first weight.
  const DropoutMask* mask;
  int64_t maskPlace;

  int64_t blocks() const { return (length + kQueries - 1) / kQueries; }
  /// The n-th pair of query blocks, one from each end, costs as much as any other.
  int64_t pairs() const { return (blocks() + 1) / 2; }
  /// First position that a query sees.
  int64_t first(int64_t query) const { return std::max<int64_t>(0, query + 1 - window); }
};

template <class T>
struct HeadOutput {
  Rows<T> output;  // (length, width)
  T* logSumExp;    // (length), of scaled scores
};

template <class T>
struct HeadGradients {
  Rows<const T> output, gradOutput;  // (length, width)
  const T* logSumExp;                // (length)
  Rows<T> query, key, value;         // (length, width)
};

/// Attention's loops for one instruction set.
template <class T>
struct HeadKernels {
  /// Output of the pairs of query blocks from `first` to `last`.
  void (*forward)(const Head<T>& head, const HeadOutput<T>& to, int64_t first, int64_t last, Scratch<T>& scratch);
  void (*backward)(const Head<T>& head, const HeadGradients<T>& to, Scratch<T>& scratch);
};

HeadKernels<double> doubleHeadKernels();
HeadKernels<float> genericHeadKernels();
HeadKernels<float> avx2HeadKernels();
HeadKernels<float> avx512HeadKernels();

}  // namespace gptorch::ops::causal_attention
