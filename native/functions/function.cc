#include "functions/function.h"

namespace gptorch {

std::vector<Function> allFunctions() {
  std::vector<Function> all;
  for (const auto family :
       {arithmeticFunctions, comparisonFunctions, creationFunctions, distributedFunctions, gradientFunctions,
        indexingFunctions, ioFunctions, lossFunctions, matmulFunctions, optimizerFunctions, quantizationFunctions,
        reductionFunctions, samplingFunctions, shapeFunctions, stateFunctions}) {
    for (const Function& function : family()) all.push_back(function);
  }
  return all;
}

void requireSameKind(const Arguments& arguments, const Meta& a, const char* aName, const Meta& b, const char* bName) {
  if (a.dtype == b.dtype && a.device == b.device) return;
  arguments.fail(std::string(aName) + " is " + toString(a) + ", but " + bName + " is " + toString(b) +
                 "; both need the same dtype and device (see Tensor.to)");
}

}  // namespace gptorch
