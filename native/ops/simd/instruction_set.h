#pragma once

namespace gptorch::ops {

enum class InstructionSet {
  /// Vectors of 16 bytes by the compiler's own extension: any processor.
  Generic,
  /// With FMA and F16C.
  Avx2,
  /// F, BW, DQ and VL.
  Avx512,
};

/// The best that this processor has, or a lower one that the environment variable GPTORCH_ISA names (generic, avx2,
/// avx512). Read once.
InstructionSet instructionSet();

}  // namespace gptorch::ops
