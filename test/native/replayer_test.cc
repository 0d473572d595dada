#include "engine/replayer.h"

#include <stdexcept>
#include <string>

#include "check.h"

namespace gptorch::test {

namespace {

/// What happened, in order: e(xecuted), c(aptured), l(aunched), f(reed).
std::string history;

/// As a device's, without one.
class FakeGraph {
 public:
  explicit FakeGraph(bool refuses) : refuses_(refuses) {}
  ~FakeGraph() { history += 'f'; }
  FakeGraph(const FakeGraph&) = delete;
  FakeGraph& operator=(const FakeGraph&) = delete;

  void capture(const std::function<void()>& work) {
    history += 'c';
    work();
    if (refuses_) throw std::runtime_error("refused");
  }
  void replay() { history += 'l'; }

 private:
  bool refuses_;
};

void execute() { history += 'e'; }

void twoReplaysExecuteThenItLaunches() {
  history.clear();
  {
    Replayer<FakeGraph> replayer;
    replayer.setMaker([] { return std::make_unique<FakeGraph>(false); });
    for (int i = 0; i < 5; ++i) {
      checkEqual(replayer.records(), i >= 2);
      replayer.replay(execute);
    }
    checkEqual(history, "eecelll");
    checkEqual(replayer.launches(), 3);
  }
  checkEqual(history.back(), 'f');
}

void withoutADeviceItExecutes() {
  history.clear();
  Replayer<FakeGraph> replayer;
  int asked = 0;
  replayer.setMaker([&asked]() -> std::unique_ptr<FakeGraph> {
    ++asked;
    return nullptr;
  });
  for (int i = 0; i < 4; ++i) replayer.replay(execute);
  checkEqual(history, "eeee");
  checkEqual(asked, 1);
  checkEqual(replayer.launches(), 0);
}

void withoutAMakerItExecutes() {
  history.clear();
  Replayer<FakeGraph> replayer;
  for (int i = 0; i < 4; ++i) replayer.replay(execute);
  checkEqual(history, "eeee");
}

void aRefusedCaptureFailsItsReplayAlone() {
  history.clear();
  Replayer<FakeGraph> replayer;
  replayer.setMaker([] { return std::make_unique<FakeGraph>(true); });
  replayer.replay(execute);
  replayer.replay(execute);
  checkThrows<std::runtime_error>([&] { replayer.replay(execute); }, "refused");
  replayer.replay(execute);
  checkEqual(history, "eecefe");
  checkEqual(replayer.launches(), 0);
}

void workThatFailsIsNotCounted() {
  history.clear();
  Replayer<FakeGraph> replayer;
  replayer.setMaker([] { return std::make_unique<FakeGraph>(false); });
  replayer.replay(execute);
  checkThrows<std::runtime_error>([&] { replayer.replay([] { throw std::runtime_error("failed"); }); }, "failed");
  replayer.replay(execute);
  replayer.replay(execute);
  checkEqual(history, "eecel");
}

void resetFreesAndCapturesNoMore() {
  history.clear();
  Replayer<FakeGraph> replayer;
  replayer.setMaker([] { return std::make_unique<FakeGraph>(false); });
  for (int i = 0; i < 3; ++i) replayer.replay(execute);
  replayer.reset();
  replayer.replay(execute);
  checkEqual(history, "eecelfe");
}

}  // namespace

std::vector<Test> replayerTests() {
  return {
      {"two replays execute, the third is captured and launched", twoReplaysExecuteThenItLaunches},
      {"on a device that records nothing every replay executes", withoutADeviceItExecutes},
      {"a replayer without a maker executes", withoutAMakerItExecutes},
      {"a capture that is refused fails its replay alone", aRefusedCaptureFailsItsReplayAlone},
      {"a replay whose work fails is not one of the two", workThatFailsIsNotCounted},
      {"reset frees the device's graph", resetFreesAndCapturesNoMore},
  };
}

}  // namespace gptorch::test
