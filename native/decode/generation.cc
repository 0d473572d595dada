#include "decode/generation.h"

#include <utility>

namespace gptorch {

void Generation::begin(int64_t cachedTokens) { events_.push_back({.cachedTokens = cachedTokens}); }

void Generation::add(int64_t sample, Choice choice) {
  events_.push_back({.sample = sample, .choice = std::move(choice)});
}

void Generation::end(int64_t sample, FinishReason reason) { events_.push_back({.sample = sample, .finished = reason}); }

void Generation::deliver() {
  if (!events_.empty()) onEvents(std::exchange(events_, {}));
  if (failure_) onFailure(std::exchange(failure_, nullptr));
}

}  // namespace gptorch
