#pragma once

#include <source_location>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace gptorch::test {

/// One test; it throws to fail.
struct Test {
  std::string name;
  void (*run)();
};

/// Each file of tests gives its own.
std::vector<Test> blockAttentionKernelTests();
std::vector<Test> blockPoolTests();
std::vector<Test> bucketGraphsTests();
std::vector<Test> cudaKernelTests();
std::vector<Test> dropoutMaskTests();
std::vector<Test> eventWaiterTests();
std::vector<Test> exponentialSumTests();
std::vector<Test> fairQueueTests();
std::vector<Test> fileTests();
std::vector<Test> headKernelTests();
std::vector<Test> philoxTests();
std::vector<Test> portTests();
std::vector<Test> processGroupTests();
std::vector<Test> queueTests();
std::vector<Test> replayerTests();
std::vector<Test> schedulerTests();
std::vector<Test> tokenFileTests();
std::vector<Test> workerPoolTests();
std::vector<Test> xxh64Tests();

[[noreturn]] inline void fail(const std::string& message, const std::source_location& place) {
  const std::string file = place.file_name();
  throw std::logic_error(file.substr(file.rfind('/') + 1) + ":" + std::to_string(place.line()) + ": " + message);
}

inline void check(bool holds, const std::string& what,
                  const std::source_location& place = std::source_location::current()) {
  if (!holds) fail(what, place);
}

template <typename A, typename B>
void checkEqual(const A& actual, const B& expected,
                const std::source_location& place = std::source_location::current()) {
  if (actual == expected) return;
  std::ostringstream message;
  message << actual << " where " << expected << " was expected";
  fail(message.str(), place);
}

/// Expects an E whose text has `words` in it.
template <typename E, typename Call>
void checkThrows(const Call& call, const std::string& words,
                 const std::source_location& place = std::source_location::current()) {
  try {
    call();
  } catch (const E& error) {
    const std::string text = error.what();
    if (text.find(words) == std::string::npos) fail("'" + text + "' does not say '" + words + "'", place);
    return;
  }
  fail("nothing was thrown", place);
}

}  // namespace gptorch::test
