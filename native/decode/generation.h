#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "decode/choice.h"
#include "decode/request.h"

namespace gptorch {

/// The request's beginning, or one sample's next token, or its end.
struct GenerationEvent {
  /// Set at the beginning: of the prompt, what was kept from before.
  std::optional<int64_t> cachedTokens;
  int64_t sample = 0;
  Choice choice;
  std::optional<FinishReason> finished;
};

/// A prompt's continuations.
struct Generation final : Request {
  using Request::Request;

  /// Both are called on the engine thread. After the last sample's end, or a failure, nothing more comes.
  std::function<void(std::vector<GenerationEvent>)> onEvents;
  std::function<void(const FailureRef&)> onFailure;

  int64_t maxNewTokens = 1;
  Sampling sampling;
  /// Token ids that end a sample; they are not given out.
  std::vector<int64_t> stop;
  int64_t seed = 0;
  bool logProbs = false;
  int64_t topLogProbs = 0;

  void add(int64_t sample, Choice choice);
  void begin(int64_t cachedTokens) override;
  void end(int64_t sample, FinishReason reason) override;
  void fail(const FailureRef& failure) override { failure_ = failure; }
  void deliver() override;

 private:
  std::vector<GenerationEvent> events_;
  FailureRef failure_;
};

}  // namespace gptorch
