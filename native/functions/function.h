#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "engine/arguments.h"
#include "engine/plan.h"

namespace gptorch {

/// A tensor function as JavaScript calls it: checks its arguments, infers what it gives and says how.
struct Function {
  const char* name;
  Plan (*plan)(const Arguments& arguments);
};

// One family a file.
std::vector<Function> arithmeticFunctions();
std::vector<Function> comparisonFunctions();
std::vector<Function> creationFunctions();
std::vector<Function> distributedFunctions();
std::vector<Function> gradientFunctions();
std::vector<Function> indexingFunctions();
std::vector<Function> ioFunctions();
std::vector<Function> lossFunctions();
std::vector<Function> matmulFunctions();
std::vector<Function> optimizerFunctions();
std::vector<Function> quantizationFunctions();
std::vector<Function> reductionFunctions();
std::vector<Function> samplingFunctions();
std::vector<Function> shapeFunctions();
std::vector<Function> stateFunctions();

/// Every tensor function, all families.
std::vector<Function> allFunctions();

/// A plan with one result.
inline Plan planOne(std::vector<SlotRef> inputs, Meta output, std::function<at::Tensor(const Values&)> compute) {
  Plan plan;
  plan.inputs = std::move(inputs);
  plan.outputs = {std::move(output)};
  plan.run = [compute = std::move(compute)](const Values& values) { return Values{compute(values)}; };
  return plan;
}

/// Two tensors that meet in one operation must share dtype and device; nothing is cast in silence.
void requireSameKind(const Arguments& arguments, const Meta& a, const char* aName, const Meta& b, const char* bName);

}  // namespace gptorch
