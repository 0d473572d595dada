#pragma once

#include <functional>
#include <vector>

#include "decode/request.h"

namespace gptorch {

/// The hidden state of a prompt's last token, after the final norm.
struct EmbeddingRequest final : Request {
  /// One of both is called once, on the engine thread: with (width) numbers, or none where the request was cancelled.
  std::function<void(std::vector<float>)> onResult;
  std::function<void(const FailureRef&)> onFailure;

  std::vector<float> hidden;

  void end(int64_t sample, FinishReason reason) override;
  void fail(const FailureRef& failure) override { failure_ = failure; }
  void deliver() override;

 private:
  bool ended_ = false;
  FailureRef failure_;
};

}  // namespace gptorch
