#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "decode/step.h"

namespace gptorch {

/// What a step computes with, where the model is.
struct StepInputs {
  at::Tensor tokens, positions;  // (rows) int32
  at::Tensor sequences;          // (rows) int32: which of the step's each row belongs to; -1: padding
  at::Tensor last;               // (sequences) int32: each sequence's last row
  at::Tensor tables;             // (sequences, tableWidth) int32: each sequence's blocks
};

/// How a step's inputs lie one behind the other in one int32 tensor: one copy brings them all to a device.
struct StepLayout {
  /// Beyond what the step has: padding.
  int64_t rows = 0, sequences = 0;
  int64_t tableWidth = 0;

  /// Without any padding.
  static StepLayout of(std::span<const StepSequence> sequences);

  int64_t size() const { return 3 * rows + sequences + sequences * tableWidth; }

  /// In main memory: (size) int32. Padding has token 0 at place 0 of no sequence.
  at::Tensor pack(std::span<const StepSequence> sequences) const;

  /// Views of what `pack` gave, or a copy of it.
  StepInputs unpack(const at::Tensor& packed) const;
};

}  // namespace gptorch
