#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/failure.h"

namespace gptorch {

enum class FinishReason { Stop, Length, Aborted, Timeout };

/// The `finishReason` that JavaScript sees.
const char* toString(FinishReason reason);

/// What a decoder is asked for, as its scheduler knows it: a prompt, and so many continuations. Free of torch.
/// But for `cancelled` it belongs to the engine's side once it is submitted.
struct Request {
  using Clock = std::chrono::steady_clock;

  explicit Request(int64_t count = 1) : samples(count), cancelled(static_cast<size_t>(count)) {}
  virtual ~Request() = default;
  /// Its first continuation begins: so much of the prompt need not be computed. Once.
  virtual void begin(int64_t /*cachedTokens*/) {}
  /// One continuation has ended; nothing more comes of it.
  virtual void end(int64_t sample, FinishReason reason) = 0;
  /// All has ended.
  virtual void fail(const FailureRef& failure) = 0;
  /// Tells whoever asked what has come since the last call.
  virtual void deliver() = 0;
  /// A time limit passed before there was a result.
  void failForTime(const char* limit);
  /// Asks for the end of all before the next step. Any thread.
  void cancel() { std::fill(cancelled.begin(), cancelled.end(), true); }
  bool isCancelled() const { return std::find(cancelled.begin(), cancelled.end(), false) == cancelled.end(); }

  std::vector<int64_t> prompt;
  const int64_t samples;
  std::string client;
  /// When it must have begun, and ended.
  std::optional<Clock::time_point> startBy, endBy;
  /// Most tokens of one continuation's context that a step computes.
  std::optional<int64_t> prefillChunk;
  /// When the context is full: drop its oldest half and compute the rest anew.
  bool slides = false;
  /// Of each continuation: asks for its end before the next step, or as soon as it generates. Any thread.
  std::vector<std::atomic<bool>> cancelled;

  /// Continuations that have begun; the next to begin has this number.
  int64_t begun = 0;
  /// Continuations that have ended.
  int64_t ended = 0;
};
using RequestRef = std::shared_ptr<Request>;

}  // namespace gptorch
