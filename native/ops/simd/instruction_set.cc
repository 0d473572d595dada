#include "ops/simd/instruction_set.h"

#include <c10/util/Exception.h>

#include <cstdlib>
#include <string_view>

namespace gptorch::ops {

namespace {

InstructionSet best() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return InstructionSet::Avx512;
  if (avx2) return InstructionSet::Avx2;
#endif
  return InstructionSet::Generic;
}

InstructionSet choose() {
  const InstructionSet highest = best();
  const char* const variable = std::getenv("GPTORCH_ISA");
  if (!variable || !*variable) return highest;
  const std::string_view name = variable;
  TORCH_CHECK(name == "generic" || name == "avx2" || name == "avx512", "GPTORCH_ISA is '", name,
              "'; generic, avx2 and avx512 are known");
  const InstructionSet wanted = name == "generic" ? InstructionSet::Generic
                                : name == "avx2"  ? InstructionSet::Avx2
                                                  : InstructionSet::Avx512;
  TORCH_CHECK(wanted <= highest, "GPTORCH_ISA asks for ", name, ", which this processor lacks");
  return wanted;
}

}  // namespace

InstructionSet instructionSet() {
  static const InstructionSet chosen = choose();
  return chosen;
}

}  // namespace gptorch::ops
