#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "decode/block_pool.h"
#include "decode/fair_queue.h"
#include "decode/request.h"
#include "decode/sequence.h"

namespace gptorch {

/// Decides what a decoder's next step computes: which requests begin, which tokens of which sequences go through the
/// model, and who gives way where the cache is full. Free of torch, so that it is tested alone. One thread's.
class Scheduler {
 public:
  struct Limits {
    int64_t blockLength = 32;
    /// Tokens that a context can have.
    int64_t contextLength = 0;
    /// Blocks that the cache may have.
    int64_t blocks = 0;
    /// Sequences that run at once.
    int64_t running = 64;
    /// Tokens of one step.
    int64_t stepTokens = 256;
    /// Of one sequence.
    int64_t sequenceTokens = 256;
  };

  /// The next `count` tokens of a sequence's context.
  struct Work {
    Sequence* sequence;
    int64_t count;
  };
  /// Block `to` is to hold what `from` holds.
  struct BlockCopy {
    int32_t from, to;
  };
  struct Step {
    std::vector<Work> work;
    /// To be done before.
    std::vector<BlockCopy> copies;
  };

  /// @param grow makes room for so many blocks; false where there is no memory for them
  Scheduler(const Limits& limits, std::function<bool(int64_t blocks)> grow);

  void submit(RequestRef request);

  /// Ends what was cancelled, or is too late.
  void expire(Request::Clock::time_point now);

  /// Takes requests in and chooses the next step's work; each sequence in it has its blocks. Empty where nothing is
  /// unfinished, or no memory is left even for one sequence alone: `blocked` is its request then.
  Step next();
  RequestRef blocked() const;

  /// A step has put its tokens into the cache.
  void advance(const Step& step);

  /// Begins the other continuations of a sequence's request, as far as they have places: they share its blocks. To be
  /// called where a sequence that leads has computed its prompt, before anything is appended to it.
  std::vector<Sequence*> fork(Sequence& sequence);

  /// Sequences whose contexts are computed compute their last tokens once more: nothing came of them.
  void rewind();

  /// A generated token. Where the context was full, it slides.
  void append(Sequence& sequence, int64_t token);

  /// Ends a sequence; it is gone then.
  void finish(Sequence& sequence, FinishReason reason);

  /// Ends all of a request.
  void fail(RequestRef request, const FailureRef& failure);
  void failAll(const FailureRef& failure);

  /// A step ran out of memory: the youngest half of the sequences waits, and for the time being no more run. False
  /// where there is only one.
  bool retreat();

  /// Weights have changed: nothing that is in the cache is of use to a sequence that begins from now on.
  void forget();
  /// Puts all sequences back to wait: there are no blocks any more.
  void dropBlocks();

  bool idle() const { return running_.empty() && stopped_.empty() && waiting_.empty(); }

  struct Counts {
    int64_t unfinished = 0, waiting = 0, running = 0;
    int64_t promptTokens = 0, cachedTokens = 0, preemptions = 0;
  };
  Counts counts() const;
  const BlockPool& pool() const { return pool_; }

 private:
  int64_t blocksFor(int64_t tokens) const { return (tokens + limits_.blockLength - 1) / limits_.blockLength; }
  /// Makes room for `blocks` in all, or for more, where the limit and memory allow it.
  bool growTo(int64_t blocks);
  std::optional<int32_t> takeBlock();
  /// Gives a sequence what the cache still has of its context.
  void findPrefix(Sequence& sequence);
  /// Gives a sequence blocks for its whole context, and its own one for its next token. False where none is left.
  bool prepare(Sequence& sequence, std::vector<BlockCopy>& copies);
  /// Lets a sequence run that holds nothing yet; false where there is no room for it.
  bool admit(std::unique_ptr<Sequence>& sequence);
  /// What has room begins, or goes on: up to a budget of tokens.
  void takeIn(int64_t budget, std::vector<Work>& work);
  std::unique_ptr<Sequence> begin(const RequestRef& request);
  int64_t share(const Sequence& sequence, int64_t budget) const;

  /// The youngest waits.
  void stopYoungest();
  void releaseBlocks(Sequence& sequence);
  void end(const RequestRef& request, int64_t sample, FinishReason reason);
  void endAll(const RequestRef& request, FinishReason reason);
  /// Takes out a request's sequences, with what waits of it.
  std::vector<int64_t> remove(const RequestRef& request);

  Limits limits_;
  std::function<bool(int64_t)> grow_;
  BlockPool pool_;
  FairQueue<RequestRef> waiting_;
  /// By order.
  std::vector<std::unique_ptr<Sequence>> running_;
  /// Sequences that gave way, by order; they go on before anything new begins.
  std::vector<std::unique_ptr<Sequence>> stopped_;
  /// How many may run for the time being; after a retreat it rises again as steps succeed.
  int64_t most_;
  int64_t stepsSinceRetreat_ = 0;
  uint64_t nextOrder_ = 0;
  Counts counts_;
};

}  // namespace gptorch
