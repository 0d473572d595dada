#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstdint>

#include "ops/dropout/mask.h"

namespace gptorch::ops {

/// Dropout's loops for one instruction set.
struct DropKernels {
  /// Drops the elements of some chunks; the tail of the last chunk is left out by `numel`.
  template <class T>
  using Drop = void (*)(const T* input, T* output, int64_t firstChunk, int64_t lastChunk, int64_t numel,
                        const DropoutMask& mask);
  Drop<float> dropFloat;
  Drop<double> dropDouble;
  Drop<c10::BFloat16> dropBFloat16;
  Drop<c10::Half> dropHalf;

  Drop<float> drop(const float*) const { return dropFloat; }
  Drop<double> drop(const double*) const { return dropDouble; }
  Drop<c10::BFloat16> drop(const c10::BFloat16*) const { return dropBFloat16; }
  Drop<c10::Half> drop(const c10::Half*) const { return dropHalf; }
};

DropKernels genericDropKernels();
DropKernels avx2DropKernels();
DropKernels avx512DropKernels();

}  // namespace gptorch::ops
