#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "decode/decoder.h"
#include "decode/sampling.h"
#include "engine/engine.h"

namespace gptorch {

/// Asks a generation to end before its next step.
using Cancellation = std::atomic<bool>;

enum class FinishReason { Stop, Length, Aborted };

/// The `finishReason` that JavaScript sees.
const char* toString(FinishReason reason);

/// One sample's next token, or its end.
struct GenerationEvent {
  int64_t sample = 0;
  int64_t token = 0;
  /// log P(token) of the model itself, before penalty, temperature and filters.
  std::optional<double> logProb;
  std::optional<FinishReason> finished;
};

struct GenerationOptions {
  std::vector<int64_t> prompt;
  int64_t maxNewTokens = 1;
  Sampling sampling;
  /// Token ids that end a sample; they are not given out.
  std::vector<int64_t> stop;
  int64_t seed = 0;
  /// Continuations of the prompt, which is computed once for all.
  int64_t samples = 1;
  bool logProbs = false;
  /// When the context is full: drop its oldest half and compute the rest anew, instead of ending.
  bool slides = false;
  /// Most tokens that one step puts through the model.
  int64_t prefillChunk = 256;
};

/// One prompt's continuations. It runs as a chain of queue items, each of which queues the next: other work that is
/// queued takes its turn between two tokens.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  /// Both are called on the engine thread. After the last sample's end, or a failure, nothing more comes.
  struct Listener {
    std::function<void(std::vector<GenerationEvent>)> events;
    std::function<void(const FailureRef&)> failure;
  };

  Generation(std::shared_ptr<Decoder> decoder, GenerationOptions options, Listener listener,
             std::shared_ptr<Cancellation> cancelled);

  /// Queues the first step. Throws Error(QueueFull) before any effect.
  void submit(Engine& engine, const SessionRef& session);

 private:
  /// One sample that goes on; its place among the rows is its sequence in the cache.
  struct Row {
    int64_t sample;
    /// Prompt and what was generated.
    std::vector<int64_t> tokens;
  };

  Item nextStep();
  void step();
  void begin();
  /// Chooses each row's next token from logits (B, vocabSize), B being 1 (all rows share it) or the number of rows.
  void extend(at::Tensor logits);
  int64_t choose(const Row& row, const at::Tensor& logits) const;
  /// Takes a row out; the last row moves to its place.
  void finish(size_t row, FinishReason reason);
  /// What the next steps put through the model: each row's newest token, or its context where that slides.
  void prepareInput();
  void report();

  const std::shared_ptr<Decoder> decoder_;
  const GenerationOptions options_;
  const Listener listener_;
  const std::shared_ptr<Cancellation> cancelled_;
  SessionRef session_;
  Modes modes_;

  // The engine's side only.
  std::vector<Row> rows_;
  std::unique_ptr<KeyValueCache> cache_;
  LayerCaches caches_;
  /// (B, T) int64: what is being put through the model, and how much of it was.
  at::Tensor input_;
  int64_t fed_ = 0;
  /// Tokens that the cache holds of each row.
  int64_t position_ = 0;
  int64_t made_ = 0;
  std::vector<GenerationEvent> events_;
};

}  // namespace gptorch
