#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/cell.h"

namespace gptorch {

/// What torch keeps in thread-local variables, captured when an operation is queued.
struct Modes {
  bool gradEnabled = true;
  std::optional<at::ScalarType> autocast;
};

/// One JavaScript environment (the main thread or a worker) as the engine knows it.
struct Session {
  /// JavaScript's side only: the modes that the next call captures.
  Modes modes;
  /// The engine's side only: failures of this session that nobody has been told of yet.
  std::vector<FailureRef> failures;
  /// Bytes of the storages that this session's handles hold: what the garbage collector is told.
  std::atomic<int64_t> heldBytes{0};
  /// JavaScript's side only: what the garbage collector was told last.
  int64_t reportedBytes = 0;

  /// Engine thread: a handle began (or ceased) to hold this tensor's storage. A storage that several
  /// handles view counts once.
  void hold(const at::Tensor& tensor);
  void release(const at::Tensor& tensor);

 private:
  struct Held {
    int64_t handles = 0;
    int64_t bytes = 0;
  };
  std::unordered_map<const void*, Held> storages_;
};
using SessionRef = std::shared_ptr<Session>;

}  // namespace gptorch
