#pragma once

#include <node_api.h>

#include <cstddef>
#include <string>

namespace gptorch::test {

/// Stands in for Node: the few functions that a Port calls, for one thread-safe function at a time. What Node forbids
/// after the function's release is counted, and touches unguarded memory, which the thread sanitizer sees.
class FakeNode {
 public:
  FakeNode();
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;
  ~FakeNode();

  napi_env env() const;
  /// JavaScript thread: delivers what was called so far; says how much that was.
  size_t runEventLoop();
  /// JavaScript thread: Node's own clean-up, which runs after the addon's: what is left is handed over without an
  /// environment.
  void tearDown();
  /// Whether the function keeps the process alive.
  bool keepsAlive() const;
  /// Calls are refused from now on, as Node does when it is closing.
  void refuseCalls();
  size_t callsAfterRelease() const;
  /// What was thrown into JavaScript last.
  const std::string& thrown() const;
};

}  // namespace gptorch::test
