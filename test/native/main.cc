// Runs every test and prints what failed; the last line is `N passed, N failed`.

#include <cstdio>
#include <exception>

#include "check.h"

int main() {
  using namespace gptorch::test;
  int passed = 0, failed = 0;
  for (const auto& tests :
       {blockAttentionKernelTests(), blockPoolTests(), bucketGraphsTests(), cudaKernelTests(), dropoutMaskTests(),
        eventWaiterTests(), exponentialSumTests(), fairQueueTests(), fileTests(), headKernelTests(), philoxTests(),
        portTests(), processGroupTests(), queueTests(), replayerTests(), schedulerTests(), tokenFileTests(),
        workerPoolTests(), xxh64Tests()}) {
    for (const Test& test : tests) {
      try {
        test.run();
        ++passed;
      } catch (const std::exception& error) {
        ++failed;
        std::printf("FAILED %s: %s\n", test.name.c_str(), error.what());
      }
    }
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
