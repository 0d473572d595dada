#include "engine/engine.h"

#include <ATen/Parallel.h>
#include <c10/core/AutogradState.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "engine/cpu_allocator.h"
#include "engine/failure.h"
#include "engine/graph.h"
#include "engine/mode_guard.h"

namespace gptorch {

namespace {

constexpr auto kExitGrace = std::chrono::seconds(2);
/// Of one result's size the garbage collector hears at most this; a shape that fits no memory fails soon enough.
constexpr int64_t kLargestResult = int64_t{1} << 40;

FailureRef firstFailure(const std::vector<CellRef>& cells) {
  for (const CellRef& cell : cells) {
    if (cell->failure) return cell->failure;
  }
  return nullptr;
}

void mark(const std::vector<CellRef>& cells, const FailureRef& failure) {
  for (const CellRef& cell : cells) cell->failure = failure;
}

}  // namespace

Engine& Engine::instance() {
  // Leaked on purpose: see the class comment.
  static Engine* const engine = new Engine();
  return *engine;
}

Engine::Engine()
    : threads_(at::get_num_threads()), waiter_([this](DeviceEvent event, EventWaiter<DeviceEvent>::Done done) {
        // What they own is the engine's to free.
        const auto back =
            std::make_shared<std::pair<DeviceEvent, EventWaiter<DeviceEvent>::Done>>(std::move(event), std::move(done));
        onEngine([back] {});
      }) {
  installCpuAllocator();
  thread_ = std::thread([this] { loop(); });
  beFirstAtExit();
}

void Engine::submit(Item item, bool alwaysEnters) {
  const SessionRef session = item.session;
  const int64_t expected = item.resultBytes;
  queue_.push(std::move(item), alwaysEnters);
  // The engine may have taken it off already; only this thread looks at the sum.
  session->expectedBytes += expected;
}

std::vector<SlotRef> Engine::submit(const SessionRef& session, const std::string& call, Plan plan) {
  Roots roots;
  if (session->modes.gradEnabled && plan.differentiable) {
    roots = plan.roots;
    for (const SlotRef& input : plan.inputs) roots = unite(roots, input->roots);
  }

  std::vector<SlotRef> outputs;
  outputs.reserve(plan.outputs.size());
  Item item;
  for (Meta& meta : plan.outputs) {
    if (!meta.device.is_cpu()) item.device = meta.device;
    const bool carriesGradient = meta.isFloating();
    outputs.push_back(std::make_shared<Slot>(std::move(meta), carriesGradient ? roots : nullptr));
  }

  for (const SlotRef& output : outputs)
    item.resultBytes += std::clamp<int64_t>(output->meta.bytes(), 0, kLargestResult);
  item.session = session;
  item.call = call;
  item.modes = session->modes;
  // Without a gradient to carry, torch need not record a graph.
  item.modes.gradEnabled = roots != nullptr;
  if (!plan.autocasts) item.modes.autocast.reset();
  item.reads.assign(plan.inputs.begin(), plan.inputs.end());
  item.reads.insert(item.reads.end(), plan.reads.begin(), plan.reads.end());
  item.repeatable = plan.writes.empty() && plan.overwrites.empty();
  item.writes = std::move(plan.writes);
  item.overwrites = std::move(plan.overwrites);
  // A result of a failed operation is failed too, and it had no value to lose.
  item.overwrites.insert(item.overwrites.end(), outputs.begin(), outputs.end());
  item.bytes = plan.capturedBytes;
  item.work = [session, outputs, inputs = std::move(plan.inputs), run = std::move(plan.run)] {
    Values values;
    values.reserve(inputs.size());
    for (const SlotRef& input : inputs) values.push_back(input->value);
    const Values results = run(values);
    TORCH_CHECK(results.size() == outputs.size(), "internal error: ", results.size(), " results where ", outputs.size(),
                " were planned");
    for (size_t i = 0; i < results.size(); ++i) {
      const Meta actual = Meta::of(results[i]);
      TORCH_CHECK(actual == outputs[i]->meta, "internal error: result ", i, " is ", toString(actual), ", inferred was ",
                  toString(outputs[i]->meta));
    }
    for (size_t i = 0; i < results.size(); ++i) {
      // What an earlier replay of a graph gave.
      session->release(outputs[i]->value);
      outputs[i]->value = results[i];
      session->hold(results[i]);
    }
  };
  if (session->recording) {
    session->recording->record(call, std::move(item), outputs, plan.meetsOutside);
  } else {
    submit(std::move(item), plan.alwaysEnters);
  }
  return outputs;
}

void Engine::whenDrained(std::function<void()> done) { queue_.whenDrained(std::move(done)); }

void Engine::setLimits(size_t operations, size_t bytes) { queue_.setLimits(operations, bytes); }

void Engine::setThreads(int count) {
  threads_ = count;
  Item item;
  item.session = std::make_shared<Session>();
  item.work = [count] { at::set_num_threads(count); };
  submit(std::move(item), true);
}

size_t Engine::queuedOperations() { return queue_.size(); }

void Engine::loop() {
  at::init_num_threads();
  // A backward pass otherwise goes to a thread of autograd's own for each device: modes and streams are this thread's.
  c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
  while (true) {
    Item item = queue_.pop();
    if (!item.session->closed || item.frees) execute(item);
    item.session->expectedBytes -= item.resultBytes;
    item.session->settleGraphBytes();
  }
}

FailureRef Engine::attempt(Item& item) {
  try {
    const ModeGuard modes(item.modes);
    const AccountGuard account(item.session->account);
    if (item.device) streams_.enter(*item.device);
    item.work();
    return nullptr;
  } catch (...) {
    return failureOf(std::current_exception(), item.call);
  }
}

void Engine::execute(Item& item) {
  FailureRef failure = item.frees ? nullptr : broken_;
  if (!failure) failure = firstFailure(item.reads);
  if (!failure) failure = firstFailure(item.writes);
  if (!failure) {
    failure = attempt(item);
    if (failure && failure->code == ErrorCode::OutOfMemory && item.repeatable) {
      trimCpuMemory();
      failure = attempt(item);
    }
    if (!failure) {
      for (const CellRef& cell : item.overwrites) cell->failure = nullptr;
      return;
    }
    if (failure->code == ErrorCode::DeviceLost) broken_ = failure;
    if (!item.onFailure) item.session->remember(failure);
  }
  mark(item.writes, failure);
  mark(item.overwrites, failure);
  if (item.onFailure) {
    failure->observed = true;
    item.onFailure(failure);
  }
}

void Engine::afterDevices(std::function<void()> done, std::function<void(const FailureRef&)> failed) {
  if (streams_.entered().empty() && !DeviceEvent::isDelayed()) {
    done();
    return;
  }
  waiter_.wait(DeviceEvent(streams_.entered()),
               [this, done = std::move(done), failed = std::move(failed)](const std::exception_ptr& thrown) {
                 if (!thrown) {
                   done();
                   return;
                 }
                 const FailureRef failure = failureOf(thrown);
                 failure->observed = true;
                 onEngine([this, failure] {
                   if (!broken_ && failure->code == ErrorCode::DeviceLost) broken_ = failure;
                 });
                 failed(failure);
               });
}

void Engine::onEngine(std::function<void()> work) {
  Item item;
  item.session = std::make_shared<Session>();
  item.frees = true;
  item.work = std::move(work);
  submit(std::move(item), true);
}

void Engine::end(const SessionRef& session) {
  session->closed = true;
  queue_.waitFor(session.get(), kExitGrace);
  // The last environment's end may be followed by the process's, without pauseForExit where only a worker used us.
  beFirstAtExit();
}

bool Engine::pause() {
  const bool isStill = queue_.pause(kExitGrace);
  return waiter_.pause(kExitGrace) && isStill;
}

void Engine::pauseForExit() {
  pause();
  beFirstAtExit();
}

void Engine::resume() {
  queue_.resume();
  waiter_.resume();
}

/// Exit handlers run in the reverse order of their registration. libtorch makes statics when it first needs them (in
/// the first backward pass, for example), and their destructors would come before a handler that was registered
/// earlier.
void Engine::beFirstAtExit() { on_exit(&Engine::atExit, this); }

void Engine::atExit(int status, void* self) {
  Engine& engine = *static_cast<Engine*>(self);
  if (std::this_thread::get_id() == engine.thread_.get_id()) return;
  // An operation that outlasts the grace would run into libtorch's destructors.
  if (!engine.pause()) _exit(status);
}

}  // namespace gptorch
