#include "decode/embedding_request.h"

#include <utility>

namespace gptorch {

void EmbeddingRequest::end(int64_t, FinishReason reason) {
  if (reason == FinishReason::Timeout) {
    failForTime("timeout");
  } else {
    ended_ = true;
  }
}

void EmbeddingRequest::deliver() {
  if (std::exchange(ended_, false)) onResult(std::move(hidden));
  if (failure_) onFailure(std::exchange(failure_, nullptr));
}

}  // namespace gptorch
