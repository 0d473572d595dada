#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/cell.h"
#include "engine/failure.h"
#include "engine/session.h"

namespace gptorch {

/// One queued operation.
struct Item {
  SessionRef session;
  /// What the user called, for messages; empty where nobody did.
  std::string call;
  Modes modes;
  std::vector<CellRef> reads;
  std::vector<CellRef> writes;
  std::vector<CellRef> overwrites;
  /// Runs on the engine thread; throws to fail.
  std::function<void()> work;
  /// Told instead of marking cells, for operations that somebody awaits.
  std::function<void(const FailureRef&)> onFailure;
  /// Changes nothing but its results, so it can be tried again. Random draws are keyed: a second try draws the same.
  bool repeatable = false;
  /// The accelerator that it computes on; none: the CPU.
  std::optional<at::Device> device;
  /// Only frees memory: it runs even when its session has ended, and counts against no limit.
  bool frees = false;
  /// What the call itself holds (uploads).
  size_t bytes = 0;
  /// What its results will hold.
  int64_t resultBytes = 0;

  const void* owner() const { return session.get(); }
};

}  // namespace gptorch
