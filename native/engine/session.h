#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/cell.h"
#include "engine/cpu_allocator.h"

namespace gptorch {

class Graph;

/// What torch keeps in thread-local variables, captured when an operation is queued.
struct Modes {
  bool gradEnabled = true;
  std::optional<at::ScalarType> autocast;
};

/// One JavaScript environment (the main thread or a worker) as the engine knows it.
struct Session {
  /// JavaScript's side only: the modes that the next call captures.
  Modes modes;
  /// JavaScript's side only: what records the calls of a function that is being captured; null otherwise.
  std::shared_ptr<Graph> recording;
  /// Set when the environment ended: what it left in the queue is dropped, for nobody can ask for it any more.
  std::atomic<bool> closed{false};
  /// Bytes of the storages that this session's handles hold.
  std::atomic<int64_t> heldBytes{0};
  /// Bytes that stay allocated beyond those: the graphs of values that nobody freed, gradients.
  std::atomic<int64_t> graphBytes{0};
  /// Bytes that the results of queued operations will hold: a loop can leave many handles before the first is computed.
  std::atomic<int64_t> expectedBytes{0};
  /// JavaScript's side only: what the garbage collector was told last.
  int64_t reportedBytes = 0;
  /// What this session's operations have allocated in main memory.
  const MemoryAccount account = std::make_shared<std::atomic<int64_t>>(0);

  /// Engine thread: a handle began (or ceased) to hold this tensor's storage. A storage that several
  /// handles view counts once.
  void hold(const at::Tensor& tensor);
  void release(const at::Tensor& tensor);

  /// Engine thread, after each operation.
  void settleGraphBytes();

  /// Engine thread: keeps a failure until somebody is told of it. Of very many unobserved ones only the first are kept.
  void remember(const FailureRef& failure);
  /// Engine thread: the first failure that nobody was told of yet, or null. Forgets all.
  FailureRef takeFailure();

 private:
  struct Held {
    int64_t handles = 0;
    int64_t bytes = 0;
  };
  std::unordered_map<const void*, Held> storages_;
  std::vector<FailureRef> failures_;
  int64_t lowest_ = 0;
  int operations_ = 0;
};
using SessionRef = std::shared_ptr<Session>;

}  // namespace gptorch
