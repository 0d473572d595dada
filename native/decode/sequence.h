#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/prefix_index.h"
#include "decode/request.h"

namespace gptorch {

/// One continuation that has begun. Its context is what the model sees: all its tokens, until it slides.
struct Sequence {
  RequestRef request;
  int64_t sample = 0;
  /// Counts up from one sequence that begins to the next: the youngest gives way first.
  uint64_t order = 0;
  /// Prompt and what was generated.
  std::vector<int64_t> tokens;
  /// Index in `tokens` of the context's first one.
  size_t start = 0;
  /// Tokens of the context whose keys and values are in the cache.
  int64_t computed = 0;
  /// Block i holds the tokens i · blockLength … of the context.
  std::vector<int32_t> blocks;
  /// What the first `sealed` blocks hold, all of them full.
  Prefix prefix = kEmptyPrefix;
  int64_t sealed = 0;
  /// What is computed of it belongs to weights that have changed since: not to be found by others.
  bool outdated = false;
  /// The request's other continuations begin where this one has computed the prompt.
  bool leads = false;

  std::span<const int64_t> context() const { return std::span(tokens).subspan(start); }
  int64_t contextLength() const { return static_cast<int64_t>(tokens.size() - start); }
  int64_t pending() const { return contextLength() - computed; }
  int64_t generated() const { return static_cast<int64_t>(tokens.size() - request->prompt.size()); }
};

}  // namespace gptorch
