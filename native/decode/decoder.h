#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "decode/choice.h"
#include "decode/gpt_parameters.h"
#include "decode/key_value_store.h"
#include "decode/scheduler.h"
#include "decode/step.h"
#include "decode/weight_format.h"
#include "engine/engine.h"

namespace gptorch {

/// Runs the requests of one model together: each step takes tokens of many sequences through it. Steps are a chain of
/// queue items, each of which queues the next as long as something is unfinished: other work that is queued takes its
/// turn between two.
class Decoder : public std::enable_shared_from_this<Decoder> {
 public:
  struct Options {
    WeightFormat weights = WeightFormat::Float32;
    int64_t cacheTokens = 0;
    int64_t maxRunning = 64;
    int64_t maxWaiting = 1024;
    int64_t stepTokens = 256;
    bool batchInvariant = false;
    /// By our own kernels, on the CPU; else by libtorch's operators.
    bool ownKernels = true;
    /// Steps that take one token of each sequence are recorded and launched, where a device can.
    bool capture = true;
  };
  /// Cache figures in tokens.
  struct Stats {
    Scheduler::Counts counts;
    int64_t limit = 0, allocated = 0, used = 0, kept = 0;
    int64_t generatedTokens = 0;
    /// Steps that were one launch of a device.
    int64_t launches = 0;
  };

  Decoder(GptParameters parameters, const Options& options, SessionRef session);

  const GptParameters::Sizes& sizes() const { return parameters_.sizes(); }

  // JavaScript's side.

  /// Throws Error (DecoderFull, QueueFull, Disposed) before any effect.
  void submit(RequestRef request);
  Stats stats();
  /// Queues the end of all that is unfinished, and the release of cache and weights.
  static void dispose(const std::shared_ptr<Decoder>& decoder);

 private:
  Item nextStep();
  void step();
  void takeIncoming();
  /// Makes the model, anew where a parameter has changed.
  void prepareModel();
  void dropModel();
  /// Makes room for so many blocks; false where there is no memory for them.
  bool grow(int64_t blocks);
  void compute(const Scheduler::Step& step);
  /// Puts a step's tokens through the model: (sequences, width).
  at::Tensor forward(const Scheduler::Step& step);
  /// A step for these requests failed.
  void recover(const std::vector<RequestRef>& requests, const FailureRef& failure);
  void giveHidden(const std::vector<Sequence*>& sequences, const at::Tensor& hidden);
  /// Chooses the next tokens of sequences that have computed their contexts: hidden states (sequences, width).
  void generate(std::vector<Sequence*> sequences, const at::Tensor& hidden);
  void take(Sequence& sequence, Choice choice);
  /// The end of each item: tells what has come, and queues the next step where there is something to do.
  void goOn();

  const Options options_;
  const SessionRef session_;
  GptParameters parameters_;

  std::mutex mutex_;
  // Under the lock.
  std::vector<RequestRef> incoming_;
  Stats stats_;
  /// A step is queued or at work.
  bool active_ = false;
  bool disposed_ = false;

  // The engine's side only.
  KeyValueStore store_;
  std::unique_ptr<StepModel> model_;
  Scheduler scheduler_;
  /// Those that have not been told of their end.
  std::vector<RequestRef> requests_;
  int64_t generatedTokens_ = 0;
  /// Of models that were dropped.
  int64_t launches_ = 0;
  /// Steps that ran out of memory since one succeeded: how far recovering has gone.
  enum class Recovery { None, TriedAgain, StartedAnew } recovery_ = Recovery::None;
};

}  // namespace gptorch
