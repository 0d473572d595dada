#include "decode/scheduler.h"

#include <map>
#include <random>
#include <set>

#include "check.h"

namespace gptorch::test {

namespace {

using Tokens = std::vector<int64_t>;

/// What a request was told.
struct TestRequest final : Request {
  using Request::Request;

  std::map<int64_t, FinishReason> reasons;
  std::map<int64_t, Tokens> generated;
  FailureRef failure;
  int64_t maxNewTokens = 1;

  void end(int64_t sample, FinishReason reason) override {
    check(reasons.emplace(sample, reason).second, "a sample ends once");
  }
  void fail(const FailureRef& why) override {
    check(failure == nullptr, "a request fails once");
    failure = why;
  }
  void deliver() override {}
  bool done() const { return failure != nullptr || static_cast<int64_t>(reasons.size()) == samples; }
};

std::shared_ptr<TestRequest> request(Tokens prompt, int64_t maxNewTokens, int64_t samples = 1) {
  auto made = std::make_shared<TestRequest>(samples);
  made->prompt = std::move(prompt);
  made->maxNewTokens = maxNewTokens;
  return made;
}

Tokens range(int64_t first, int64_t count) {
  Tokens tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(first + i);
  return tokens;
}

/// A model whose cache is real and whose next token is a function of all that the cache holds: where a block was lost,
/// mixed up or written by somebody else, tokens differ from those that the function gives alone.
class Machine {
 public:
  explicit Machine(const Scheduler::Limits& limits)
      : scheduler(limits, [this](int64_t blocks) { return grow(blocks); }), limits_(limits) {}

  /// @return tokens that went through the model
  int64_t step() {
    const Scheduler::Step step = scheduler.next();
    for (const auto& [from, to] : step.copies) cache_[to] = cache_[from];
    int64_t count = 0;
    std::set<const Sequence*> seen;
    for (const auto& [sequence, tokens] : step.work) {
      check(tokens > 0 && tokens <= sequence->pending(), "something to do");
      check(seen.insert(sequence).second, "once a step");
      for (int64_t i = 0; i < tokens; ++i) {
        const int64_t position = sequence->computed + i;
        cache_[sequence->blocks[position / limits_.blockLength]][position % limits_.blockLength] =
            sequence->context()[position];
      }
      count += tokens;
    }
    check(count <= limits_.stepTokens, "no more than a step's tokens");
    scheduler.advance(step);
    std::vector<Sequence*> ready;
    for (const Scheduler::Work& work : step.work) {
      if (work.sequence->pending() > 0) continue;
      ready.push_back(work.sequence);
      if (!work.sequence->leads) continue;
      for (Sequence* forked : scheduler.fork(*work.sequence)) ready.push_back(forked);
    }
    for (Sequence* sequence : ready) take(*sequence);
    return count;
  }

  void run() {
    for (int i = 0; !scheduler.idle(); ++i) {
      check(i < 100000, "it comes to an end");
      check(step() > 0, "each step does something");
    }
    checkEqual(scheduler.pool().used(), int64_t{0});
  }

  Scheduler scheduler;
  /// Blocks for which there is memory.
  int64_t memory = 1 << 20;

  /// The token behind a context.
  static int64_t next(std::span<const int64_t> context, int64_t sample) {
    uint64_t hash = 17 + static_cast<uint64_t>(sample);
    for (const int64_t token : context) hash = hash * 31 + static_cast<uint64_t>(token);
    return static_cast<int64_t>(hash % 1000);
  }

 private:
  bool grow(int64_t blocks) {
    if (blocks > memory) return false;
    cache_.resize(blocks, Tokens(limits_.blockLength, -1));
    return true;
  }

  void take(Sequence& sequence) {
    Tokens seen;
    for (int64_t i = 0; i < sequence.computed; ++i) {
      seen.push_back(cache_[sequence.blocks[i / limits_.blockLength]][i % limits_.blockLength]);
    }
    const int64_t token = next(seen, sequence.sample);
    auto& owner = static_cast<TestRequest&>(*sequence.request);
    check(!owner.reasons.contains(sequence.sample), "nothing comes after an end");
    owner.generated[sequence.sample].push_back(token);
    const bool full = sequence.contextLength() == limits_.contextLength && !owner.slides;
    if (sequence.generated() + 1 == owner.maxNewTokens || full) {
      scheduler.finish(sequence, FinishReason::Length);
    } else {
      scheduler.append(sequence, token);
    }
  }

  Scheduler::Limits limits_;
  std::vector<Tokens> cache_;
};

void checkTokens(const TestRequest& request, int64_t contextLength) {
  for (int64_t sample = 0; sample < request.samples; ++sample) {
    Tokens context = request.prompt, expected;
    while (static_cast<int64_t>(expected.size()) < request.maxNewTokens) {
      if (static_cast<int64_t>(context.size()) > contextLength) {
        if (!request.slides) break;
        context.erase(context.begin(), context.end() - contextLength / 2);
      }
      expected.push_back(Machine::next(context, sample));
      context.push_back(expected.back());
    }
    const Tokens& made = request.generated.at(sample);
    // One that was cancelled alone has the first of them.
    if (request.cancelled[sample] && made.size() < expected.size()) expected.resize(made.size());
    check(made == expected, "sample " + std::to_string(sample) + " has its tokens");
  }
}

constexpr Scheduler::Limits kSmall = {
    .blockLength = 4, .contextLength = 32, .blocks = 100, .running = 8, .stepTokens = 10, .sequenceTokens = 10};

void computesOnlyWhatIsNew() {
  Machine machine(kSmall);
  const auto first = request(range(1, 11), 3);
  machine.scheduler.submit(first);
  machine.run();
  checkTokens(*first, kSmall.contextLength);
  // The next turn: all of the first one's context, and more.
  Tokens turn = first->prompt;
  turn.insert(turn.end(), first->generated[0].begin(), first->generated[0].end());
  turn.push_back(500);
  const auto second = request(turn, 2);
  machine.scheduler.submit(second);
  machine.run();
  checkTokens(*second, kSmall.contextLength);
  checkEqual(machine.scheduler.counts().promptTokens, int64_t{11 + 15});
  // Of its 15 tokens the 13 that were computed are kept in whole blocks.
  checkEqual(machine.scheduler.counts().cachedTokens, int64_t{12});
}

void samplesShareThePrompt() {
  Machine machine(kSmall);
  const auto many = request(range(1, 10), 5, 20);
  machine.scheduler.submit(many);
  int64_t tokens = 0;
  while (!machine.scheduler.idle()) tokens += machine.step();
  checkTokens(*many, kSmall.contextLength);
  // 20 samples compute 4 tokens each behind the prompt. Those that begin later find its first 8 tokens.
  check(tokens <= 20 * 4 + 10 + 2 * 2, std::to_string(tokens) + " tokens");
  checkEqual(machine.scheduler.pool().used(), int64_t{0});
}

void clientsTakeTurns() {
  Scheduler::Limits limits = kSmall;
  limits.running = 1;
  Machine machine(limits);
  std::vector<std::shared_ptr<TestRequest>> busy;
  for (int i = 0; i < 5; ++i) {
    busy.push_back(request({i}, 2));
    busy.back()->client = "busy";
    machine.scheduler.submit(busy.back());
  }
  const auto other = request({9}, 2);
  other->client = "other";
  machine.scheduler.submit(other);
  while (!other->done()) machine.step();
  check(busy[0]->done() && !busy[1]->done(), "after one turn of the busy client");
  machine.run();
}

void generatingIsNotHeldUpByPrompts() {
  Machine machine(kSmall);
  const auto running = request({1, 2}, 20);
  machine.scheduler.submit(running);
  machine.step();
  for (int i = 0; i < 4; ++i) machine.scheduler.submit(request(range(100 * i, 30), 1));
  for (size_t made = 1; made < 12; ++made) {
    checkEqual(running->generated[0].size(), made);
    checkEqual(machine.step(), made <= 12 ? kSmall.stepTokens : 1);
  }
  machine.run();
}

void theYoungestGivesWay() {
  Scheduler::Limits limits = kSmall;
  limits.blocks = 10;
  Machine machine(limits);
  std::vector<std::shared_ptr<TestRequest>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(request(range(100 * i, 6), 24));
    machine.scheduler.submit(all.back());
  }
  std::vector<int> order;
  while (!machine.scheduler.idle()) {
    machine.step();
    for (int i = 0; i < 4; ++i) {
      if (all[i]->done() && std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
    }
  }
  check(machine.scheduler.counts().preemptions > 0, "the cache was full");
  check(order == std::vector<int>{0, 1, 2, 3}, "the oldest ends first");
  for (const auto& each : all) checkTokens(*each, limits.contextLength);
}

void goesOnWithTheMemoryThereIs() {
  Machine machine(kSmall);
  machine.memory = 9;
  std::vector<std::shared_ptr<TestRequest>> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(request(range(100 * i, 8), 16));
    machine.scheduler.submit(all.back());
  }
  machine.run();
  for (const auto& each : all) checkTokens(*each, kSmall.contextLength);
  checkEqual(machine.scheduler.pool().size(), int64_t{9});
}

void saysWhoFindsNoMemory() {
  Machine machine(kSmall);
  machine.memory = 1;
  const auto large = request(range(0, 20), 1);
  machine.scheduler.submit(large);
  checkEqual(machine.step(), int64_t{0});
  check(machine.scheduler.blocked() == large, "its request");
  machine.scheduler.fail(large, std::make_shared<Failure>(Failure{ErrorCode::OutOfMemory, ""}));
  check(large->failure != nullptr && machine.scheduler.idle(), "gone");
}

void retreatsAndComesBack() {
  Machine machine(kSmall);
  std::vector<std::shared_ptr<TestRequest>> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(request(range(100 * i, 1), 30));
    machine.scheduler.submit(all.back());
  }
  machine.step();
  checkEqual(machine.step(), int64_t{6});
  check(machine.scheduler.retreat(), "half of them");
  checkEqual(machine.step(), int64_t{3});
  check(machine.scheduler.retreat() && !machine.scheduler.retreat(), "down to one");
  checkEqual(machine.step(), int64_t{1});
  int64_t most = 0;
  while (!machine.scheduler.idle()) most = std::max(most, machine.scheduler.counts().running), machine.step();
  for (const auto& each : all) checkTokens(*each, kSmall.contextLength);
}

void endsWhatIsCancelledOrLate() {
  const auto now = Request::Clock::now();
  const auto later = now + std::chrono::hours(1);
  Scheduler::Limits limits = kSmall;
  limits.running = 2;
  Machine machine(limits);
  const auto running = request({1}, 30), cancelled = request({2}, 30, 3), waiting = request({3}, 1);
  const auto late = request({4}, 1), gone = request({5}, 1);
  running->endBy = waiting->startBy = later;
  cancelled->startBy = now;
  late->endBy = later;
  for (const auto& each : {running, cancelled, waiting, late, gone}) machine.scheduler.submit(each);
  machine.scheduler.expire(now - std::chrono::seconds(1));
  machine.step();
  cancelled->cancel();
  gone->cancel();
  machine.scheduler.expire(now);
  check(cancelled->done() && cancelled->reasons.at(2) == FinishReason::Aborted, "with what had not begun");
  check(gone->reasons.at(0) == FinishReason::Aborted, "before it began");
  check(!running->done() && !waiting->done() && !late->done(), "the others");
  machine.scheduler.expire(later);
  check(running->reasons.at(0) == FinishReason::Timeout, "with what it has");
  for (const auto& each : {waiting, late}) {
    check(each->failure != nullptr && each->failure->code == ErrorCode::DecoderTimeout, "without a result");
  }
  check(machine.scheduler.idle(), "nothing is left");
  checkEqual(machine.scheduler.counts().unfinished, int64_t{0});
  checkEqual(machine.scheduler.pool().used(), int64_t{0});
}

void endsOneOfSeveralSamples() {
  Scheduler::Limits limits = kSmall;
  limits.running = 4;
  Machine machine(limits);
  const auto many = request(range(1, 15), 9, 6);
  const auto cancel = [&](int64_t sample) {
    many->cancelled[sample] = true;
    machine.scheduler.expire(Request::Clock::now());
  };
  const auto ended = [&](int64_t sample) { return many->reasons.contains(sample); };
  machine.scheduler.submit(many);
  machine.step();
  cancel(0);
  check(!ended(0), "the one that leads computes the prompt for the others");
  machine.step();
  cancel(5);
  check(ended(0) && many->generated[0].size() == 1, "as soon as it generates");
  check(!ended(5), "it has not begun");
  machine.step();
  checkEqual(machine.scheduler.counts().running, int64_t{4});
  machine.step();
  const int64_t used = machine.scheduler.pool().used();
  cancel(2);
  check(machine.scheduler.pool().used() < used, "its blocks are free");
  check(many->reasons.at(2) == FinishReason::Aborted, "before the next step");
  check(machine.scheduler.retreat(), "one runs");
  cancel(3);
  check(ended(3), "while it waits to go on");
  while (!machine.scheduler.idle()) {
    machine.step();
    machine.scheduler.expire(Request::Clock::now());
  }
  checkTokens(*many, limits.contextLength);
  const auto made = [&](int64_t sample) { return many->generated[sample].size(); };
  check(made(2) == 3 && made(3) == 3 && made(5) == 1, "no more than was asked for");
  check(made(1) == 9 && made(4) == 9 && many->done(), "the others are complete");
  checkEqual(machine.scheduler.counts().unfinished, int64_t{0});
  checkEqual(machine.scheduler.pool().used(), int64_t{0});
}

void othersDoNotFindWhatIsOutdated() {
  Machine machine(kSmall);
  const auto before = request(range(1, 10), 8), after = request(range(1, 10), 1);
  machine.scheduler.submit(before);
  machine.step();
  machine.scheduler.forget();
  machine.run();
  machine.scheduler.submit(after);
  machine.run();
  checkEqual(machine.scheduler.counts().cachedTokens, int64_t{0});
  checkEqual(machine.scheduler.pool().kept(), int64_t{2});
}

/// Requests of all kinds come, are cancelled, fail and run out of memory at any time.
void survivesAnything() {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const auto draw = [&random](int64_t low, int64_t high) {
      return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
    };
    Scheduler::Limits limits = {.blockLength = draw(1, 5), .contextLength = draw(8, 24)};
    limits.blocks = (limits.contextLength + limits.blockLength - 1) / limits.blockLength + draw(0, 12);
    limits.running = draw(1, 9);
    limits.stepTokens = draw(1, 30);
    limits.sequenceTokens = draw(1, 30);
    Machine machine(limits);
    std::vector<std::shared_ptr<TestRequest>> all;
    for (int i = 0; i < 600; ++i) {
      const int64_t action = draw(0, 20);
      if (action < 3) {
        // Few different tokens: prefixes meet.
        Tokens prompt;
        for (int64_t n = draw(1, limits.contextLength); n > 0; --n) prompt.push_back(draw(0, 1));
        auto made = request(prompt, draw(1, 30), draw(0, 3) == 0 ? draw(1, 12) : 1);
        made->slides = draw(0, 1) == 1;
        made->client = std::string(1, static_cast<char>('a' + draw(0, 3)));
        if (draw(0, 2) == 0) made->prefillChunk = draw(1, 5);
        machine.scheduler.submit(made);
        all.push_back(made);
      } else if (action == 3 && !all.empty()) {
        TestRequest& chosen = *all[static_cast<size_t>(draw(0, static_cast<int64_t>(all.size()) - 1))];
        if (draw(0, 1) == 0) {
          chosen.cancel();
        } else {
          chosen.cancelled[static_cast<size_t>(draw(0, chosen.samples - 1))] = true;
        }
      } else if (action == 4) {
        machine.scheduler.retreat();
      } else if (action == 5 && draw(0, 9) == 0) {
        machine.scheduler.forget();
      } else {
        machine.step();
      }
      machine.scheduler.expire(Request::Clock::now());
    }
    machine.run();
    checkEqual(machine.scheduler.counts().unfinished, int64_t{0});
    for (const auto& each : all) {
      check(each->done(), "each request has ended");
      if (!each->isCancelled()) checkTokens(*each, limits.contextLength);
    }
  }
}

}  // namespace

std::vector<Test> schedulerTests() {
  return {{"the scheduler computes only what is new", computesOnlyWhatIsNew},
          {"samples share the prompt", samplesShareThePrompt},
          {"clients take turns", clientsTakeTurns},
          {"generating is not held up by prompts", generatingIsNotHeldUpByPrompts},
          {"where the cache is full the youngest gives way", theYoungestGivesWay},
          {"the scheduler goes on with the memory there is", goesOnWithTheMemoryThereIs},
          {"the scheduler says who finds no memory", saysWhoFindsNoMemory},
          {"the scheduler retreats and comes back", retreatsAndComesBack},
          {"the scheduler ends what is cancelled or late", endsWhatIsCancelledOrLate},
          {"the scheduler ends one of several samples", endsOneOfSeveralSamples},
          {"others do not find what is outdated", othersDoNotFindWhatIsOutdated},
          {"the scheduler survives anything", survivesAnything}};
}

}  // namespace gptorch::test
