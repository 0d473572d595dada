#include "decode/bucket_graphs.h"

#include <stdexcept>
#include <string>

#include "check.h"

namespace gptorch::test {

namespace {

/// What happened, in order: e(xecuted), c(aptured), s (captured in another's memory), l(aunched), f(reed).
std::string history;

/// As a device's, without one: a replay makes the calls again.
class FakeGraph {
 public:
  FakeGraph(bool shares, bool refuses) : shares_(shares), refuses_(refuses) {}
  ~FakeGraph() { history += 'f'; }
  FakeGraph(const FakeGraph&) = delete;
  FakeGraph& operator=(const FakeGraph&) = delete;

  void capture(const std::function<void()>& work) {
    history += shares_ ? 's' : 'c';
    if (refuses_) throw std::runtime_error("refused");
    work_ = work;
  }
  void replay() {
    history += 'l';
    work_();
  }

 private:
  bool shares_, refuses_;
  std::function<void()> work_;
};

using Graphs = BucketGraphs<FakeGraph, int>;

Graphs make(bool refuses = false) {
  history.clear();
  return Graphs(
      [refuses](const FakeGraph* sharing) { return std::make_unique<FakeGraph>(sharing != nullptr, refuses); });
}

/// Runs a bucket's step about `number`.
int run(Graphs& graphs, int64_t bucket, int& place, int number) {
  place = number;
  return graphs.run(bucket, [&place] {
    history += 'e';
    return 10 * place;
  });
}

void batchesArePaddedToPowersOfTwo() {
  const Graphs graphs = make();
  for (const auto& [rows, bucket] : {std::pair{1, 1}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {129, 256}, {256, 256}}) {
    checkEqual(graphs.bucketOf(rows).value(), bucket);
  }
  check(!graphs.bucketOf(257), "a large batch has no bucket");
  check(!graphs.bucketOf(0), "nothing has no bucket");
  check(!Graphs(nullptr).bucketOf(1), "without a device's graphs nothing is padded");
}

void eachBucketIsRecordedByItself() {
  Graphs graphs = make();
  int place = 0;
  for (int i = 1; i <= 4; ++i) checkEqual(run(graphs, 1, place, i), 10 * i);
  checkEqual(history, "eeclele");
  for (int i = 1; i <= 4; ++i) checkEqual(run(graphs, 2, place, i), 10 * i);
  checkEqual(history,
             "eeclele"
             "eeslele");
  checkEqual(run(graphs, 1, place, 7), 70);
  checkEqual(graphs.launches(), 5);
}

void droppedOnesAreRecordedAnew() {
  Graphs graphs = make();
  int place = 0;
  for (int i = 0; i < 3; ++i) run(graphs, 4, place, i);
  graphs.drop();
  checkEqual(history, "eeclef");
  for (int i = 0; i < 3; ++i) run(graphs, 4, place, i);
  checkEqual(history,
             "eeclef"
             "eecle");
  checkEqual(graphs.launches(), 2);
}

void aRefusedRecordingCostsNothing() {
  Graphs graphs = make(/*refuses=*/true);
  int place = 0;
  for (int i = 1; i <= 3; ++i) checkEqual(run(graphs, 4, place, i), 10 * i);
  checkEqual(history, "eecfe");
  check(!graphs.bucketOf(4), "nothing is padded any more");
  checkEqual(graphs.launches(), 0);
}

void aStepThatFailsIsNoRefusal() {
  Graphs graphs = make();
  int place = 0;
  run(graphs, 1, place, 1);
  checkThrows<std::runtime_error>([&] { graphs.run(1, []() -> int { throw std::runtime_error("failed"); }); },
                                  "failed");
  for (int i = 0; i < 2; ++i) run(graphs, 1, place, i);
  checkEqual(history, "eecle");
}

}  // namespace

std::vector<Test> bucketGraphsTests() {
  return {
      {"a decode batch is padded to the next power of two, up to 256", batchesArePaddedToPowersOfTwo},
      {"each bucket is executed twice, then recorded and launched; all in one memory", eachBucketIsRecordedByItself},
      {"buckets that were dropped are recorded anew", droppedOnesAreRecordedAnew},
      {"a recording that is refused costs no step", aRefusedRecordingCostsNothing},
      {"a step that fails is no refusal", aStepThatFailsIsNoRefusal}};
}

}  // namespace gptorch::test
