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

/// The kernels for `instructionSet()`, of those that were compiled for each.
template <auto generic, auto avx2, auto avx512>
auto kernelsFor() {
#if defined(__x86_64__)
  if (instructionSet() == InstructionSet::Avx512) return avx512();
  if (instructionSet() == InstructionSet::Avx2) return avx2();
#endif
  return generic();
}

}  // namespace gptorch::ops
