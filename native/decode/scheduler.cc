#include "decode/scheduler.h"

#include <algorithm>
#include <utility>

namespace gptorch {

namespace {

constexpr int64_t kFirstBlocks = 16;
/// Successful steps after which one more sequence may run than before.
constexpr int64_t kStepsToRise = 16;

void insertByOrder(std::vector<std::unique_ptr<Sequence>>& sequences, std::unique_ptr<Sequence> sequence) {
  const auto place = std::upper_bound(sequences.begin(), sequences.end(), sequence,
                                      [](const auto& a, const auto& b) { return a->order < b->order; });
  sequences.insert(place, std::move(sequence));
}

}  // namespace

Scheduler::Scheduler(const Limits& limits, std::function<bool(int64_t)> grow)
    : limits_(limits), grow_(std::move(grow)), most_(limits.running) {}

void Scheduler::submit(RequestRef request) {
  ++counts_.unfinished;
  const std::string client = request->client;
  waiting_.push(client, std::move(request));
}

void Scheduler::expire(Request::Clock::time_point now) {
  const auto isLate = [now](const std::optional<Request::Clock::time_point>& limit) { return limit && now >= *limit; };
  for (auto* sequences : {&running_, &stopped_}) {
    std::erase_if(*sequences, [this](const std::unique_ptr<Sequence>& sequence) {
      // Without the one that leads, the request's others would not begin.
      if (sequence->leads || !sequence->request->cancelled[static_cast<size_t>(sequence->sample)]) return false;
      releaseBlocks(*sequence);
      end(sequence->request, sequence->sample, FinishReason::Aborted);
      return true;
    });
  }
  std::vector<std::pair<RequestRef, FinishReason>> ending;
  const auto look = [&](const RequestRef& request) {
    const bool cancelled = request->isCancelled();
    if (cancelled) ending.emplace_back(request, FinishReason::Aborted);
    const bool late = isLate(request->endBy) || (request->begun == 0 && isLate(request->startBy));
    if (!cancelled && late) ending.emplace_back(request, FinishReason::Timeout);
  };
  for (const auto* sequences : {&running_, &stopped_}) {
    for (const auto& sequence : *sequences) look(sequence->request);
  }
  waiting_.forEach(look);
  for (const auto& [request, reason] : ending) {
    if (request->ended == request->samples) continue;  // It had several sequences.
    if (reason == FinishReason::Timeout && request->begun == 0) {
      remove(request);
      request->ended = request->samples;
      --counts_.unfinished;
      request->failForTime(isLate(request->endBy) ? "timeout" : "waitTimeout");
    } else {
      endAll(request, reason);
    }
  }
}

Scheduler::Step Scheduler::next() {
  Step step;
  // The oldest come first, so that the youngest gives way before it has been given any work.
  for (size_t i = 0; i < running_.size();) {
    if (prepare(*running_[i], step.copies)) {
      ++i;
    } else {
      stopYoungest();
    }
  }
  int64_t budget = limits_.stepTokens;
  const auto giveWork = [&](bool generating) {
    for (const auto& sequence : running_) {
      if ((sequence->pending() == 1) != generating) continue;
      const int64_t count = share(*sequence, budget);
      if (count == 0) return;
      step.work.push_back({sequence.get(), count});
      budget -= count;
    }
  };
  giveWork(true);
  giveWork(false);
  takeIn(budget, step.work);
  return step;
}

int64_t Scheduler::share(const Sequence& sequence, int64_t budget) const {
  const int64_t most = sequence.request->prefillChunk.value_or(limits_.sequenceTokens);
  return std::min({sequence.pending(), most, limits_.sequenceTokens, budget});
}

RequestRef Scheduler::blocked() const {
  if (!stopped_.empty()) return stopped_.front()->request;
  return waiting_.empty() ? nullptr : waiting_.front();
}

void Scheduler::takeIn(int64_t budget, std::vector<Work>& work) {
  while (budget > 0 && static_cast<int64_t>(running_.size()) < most_) {
    std::unique_ptr<Sequence> sequence;
    const bool goesOn = !stopped_.empty();
    if (goesOn) {
      sequence = std::move(stopped_.front());
    } else if (!waiting_.empty()) {
      sequence = begin(waiting_.front());
    } else {
      return;
    }
    Sequence* const candidate = sequence.get();
    if (!admit(sequence)) {
      if (goesOn) stopped_.front() = std::move(sequence);
      return;
    }
    if (goesOn) {
      stopped_.erase(stopped_.begin());
    } else {
      const RequestRef request = waiting_.pop();
      if (request->begun++ == 0) {
        counts_.promptTokens += candidate->contextLength();
        counts_.cachedTokens += candidate->computed;
        request->begin(candidate->computed);
      }
    }
    const int64_t count = share(*candidate, budget);
    work.push_back({candidate, count});
    budget -= count;
  }
}

std::unique_ptr<Sequence> Scheduler::begin(const RequestRef& request) {
  auto sequence = std::make_unique<Sequence>();
  sequence->request = request;
  sequence->sample = request->begun;
  sequence->order = nextOrder_++;
  sequence->tokens = request->prompt;
  sequence->leads = true;
  return sequence;
}

bool Scheduler::admit(std::unique_ptr<Sequence>& sequence) {
  findPrefix(*sequence);
  // Room for one token more, or it would give way at once.
  const int64_t needed = blocksFor(std::min(sequence->contextLength() + 1, limits_.contextLength));
  const int64_t missing = needed - static_cast<int64_t>(sequence->blocks.size());
  const bool hasRoom = pool_.available() >= missing || growTo(pool_.used() + missing);
  std::vector<BlockCopy> none;
  if (!hasRoom || !prepare(*sequence, none)) {
    releaseBlocks(*sequence);
    return false;
  }
  insertByOrder(running_, std::move(sequence));
  return true;
}

void Scheduler::findPrefix(Sequence& sequence) {
  const std::span<const int64_t> context = sequence.context();
  const auto length = static_cast<size_t>(limits_.blockLength);
  // The last token is computed in any case: what follows it is asked for.
  for (size_t first = 0; first + length < context.size(); first += length) {
    const auto found = pool_.find(sequence.prefix, context.subspan(first, length));
    if (!found) return;
    sequence.blocks.push_back(found->block);
    sequence.prefix = found->prefix;
    ++sequence.sealed;
    sequence.computed += limits_.blockLength;
  }
}

bool Scheduler::prepare(Sequence& sequence, std::vector<BlockCopy>& copies) {
  const int64_t needed = blocksFor(sequence.contextLength());
  while (static_cast<int64_t>(sequence.blocks.size()) < needed) {
    const std::optional<int32_t> block = takeBlock();
    if (!block) return false;
    sequence.blocks.push_back(*block);
  }
  int32_t& next = sequence.blocks[static_cast<size_t>(sequence.computed / limits_.blockLength)];
  if (!pool_.isShared(next)) return true;
  const std::optional<int32_t> own = takeBlock();
  if (!own) return false;
  copies.push_back({next, *own});
  pool_.release(next);
  next = *own;
  return true;
}

std::optional<int32_t> Scheduler::takeBlock() {
  if (pool_.free() == 0) growTo(pool_.size() + 1);
  return pool_.take();
}

bool Scheduler::growTo(int64_t blocks) {
  if (blocks <= pool_.size()) return true;
  if (blocks > limits_.blocks) return false;
  // By doubling, as each time what is there is copied; by what is needed where memory is short.
  const int64_t roomy = std::min(limits_.blocks, std::max({blocks, 2 * pool_.size(), kFirstBlocks}));
  for (const int64_t size : {roomy, blocks}) {
    if (!grow_(size)) continue;
    pool_.grow(size);
    return true;
  }
  return false;
}

void Scheduler::advance(const Step& step) {
  for (const auto& [sequence, count] : step.work) {
    sequence->computed += count;
    const std::span<const int64_t> context = sequence->context();
    while (!sequence->outdated && (sequence->sealed + 1) * limits_.blockLength <= sequence->computed) {
      const auto tokens = context.subspan(static_cast<size_t>(sequence->sealed * limits_.blockLength),
                                          static_cast<size_t>(limits_.blockLength));
      const int32_t block = sequence->blocks[static_cast<size_t>(sequence->sealed)];
      sequence->prefix = pool_.seal(block, sequence->prefix, tokens);
      ++sequence->sealed;
    }
  }
  if (most_ < limits_.running && ++stepsSinceRetreat_ % kStepsToRise == 0) ++most_;
}

std::vector<Sequence*> Scheduler::fork(Sequence& sequence) {
  std::vector<Sequence*> forks;
  const RequestRef request = sequence.request;
  sequence.leads = false;
  while (request->begun < request->samples && static_cast<int64_t>(running_.size()) < most_) {
    auto forked = std::make_unique<Sequence>(sequence);
    forked->sample = request->begun++;
    forked->order = nextOrder_++;
    for (const int32_t block : forked->blocks) pool_.share(block);
    forks.push_back(forked.get());
    running_.push_back(std::move(forked));
  }
  if (request->begun < request->samples) waiting_.pushFirst(request->client, request);
  return forks;
}

void Scheduler::append(Sequence& sequence, int64_t token) {
  sequence.tokens.push_back(token);
  if (sequence.contextLength() <= limits_.contextLength) return;
  // The newest half of the context stays; its positions begin at 0 again, so all of it is computed anew.
  releaseBlocks(sequence);
  sequence.start = sequence.tokens.size() - static_cast<size_t>(std::max<int64_t>(1, limits_.contextLength / 2));
}

void Scheduler::finish(Sequence& sequence, FinishReason reason) {
  releaseBlocks(sequence);
  const auto place =
      std::find_if(running_.begin(), running_.end(), [&](const auto& s) { return s.get() == &sequence; });
  const std::unique_ptr<Sequence> finished = std::move(*place);
  running_.erase(place);
  end(finished->request, finished->sample, reason);
}

void Scheduler::end(const RequestRef& request, int64_t sample, FinishReason reason) {
  if (++request->ended == request->samples) --counts_.unfinished;
  request->end(sample, reason);
}

void Scheduler::endAll(const RequestRef& request, FinishReason reason) {
  for (const int64_t sample : remove(request)) end(request, sample, reason);
  // Those that have not begun.
  for (; request->begun < request->samples; ++request->begun) end(request, request->begun, reason);
}

void Scheduler::fail(RequestRef request, const FailureRef& failure) {
  if (request->ended == request->samples) return;
  remove(request);
  request->begun = request->ended = request->samples;
  --counts_.unfinished;
  request->fail(failure);
}

void Scheduler::failAll(const FailureRef& failure) {
  while (!running_.empty()) fail(running_.front()->request, failure);
  while (!stopped_.empty()) fail(stopped_.front()->request, failure);
  while (!waiting_.empty()) fail(waiting_.front(), failure);
}

std::vector<int64_t> Scheduler::remove(const RequestRef& request) {
  std::vector<int64_t> samples;
  for (auto* sequences : {&running_, &stopped_}) {
    std::erase_if(*sequences, [&](const std::unique_ptr<Sequence>& sequence) {
      if (sequence->request != request) return false;
      samples.push_back(sequence->sample);
      releaseBlocks(*sequence);
      return true;
    });
  }
  waiting_.erase(request->client, request);
  return samples;
}

void Scheduler::rewind() {
  for (const auto& sequence : running_) {
    if (sequence->pending() == 0) --sequence->computed;
  }
}

bool Scheduler::retreat() {
  if (running_.size() <= 1) return false;
  most_ = static_cast<int64_t>(running_.size() / 2);
  stepsSinceRetreat_ = 0;
  while (static_cast<int64_t>(running_.size()) > most_) stopYoungest();
  return true;
}

void Scheduler::stopYoungest() {
  std::unique_ptr<Sequence> sequence = std::move(running_.back());
  running_.pop_back();
  releaseBlocks(*sequence);
  insertByOrder(stopped_, std::move(sequence));
  ++counts_.preemptions;
}

void Scheduler::releaseBlocks(Sequence& sequence) {
  for (size_t i = sequence.blocks.size(); i-- > 0;) pool_.release(sequence.blocks[i]);
  sequence.blocks.clear();
  sequence.computed = 0;
  sequence.prefix = kEmptyPrefix;
  sequence.sealed = 0;
  sequence.outdated = false;
}

void Scheduler::forget() {
  pool_.forget();
  for (const auto& sequence : running_) sequence->outdated = true;
}

void Scheduler::dropBlocks() {
  while (!running_.empty()) stopYoungest();
  pool_ = {};
}

Scheduler::Counts Scheduler::counts() const {
  Counts counts = counts_;
  counts.waiting = static_cast<int64_t>(waiting_.size());
  counts.running = static_cast<int64_t>(running_.size() + stopped_.size());
  return counts;
}

}  // namespace gptorch
