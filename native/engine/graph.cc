#include "engine/graph.h"

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <utility>

#include "engine/cpu_allocator.h"
#include "engine/engine.h"
#include "engine/mode_guard.h"

namespace gptorch {

void Graph::record(const std::string& call, Item item, const std::vector<SlotRef>& outputs, bool meetsOutside) {
  if (meetsOutside) {
    throw ArgumentError(call + ": cannot be called inside engine.capture, as a replay would not bring data in or out " +
                        "anew; call it before, and overwrite the tensor (copyFrom) between replays");
  }
  for (const auto* cells : {&item.reads, &item.writes, &item.overwrites}) requireDevice(call, *cells);
  for (const SlotRef& output : outputs) made_.insert(output.get());
  results_.insert(results_.end(), outputs.begin(), outputs.end());
  items_.push_back(std::move(item));
}

void Graph::requireDevice(const std::string& call, const std::vector<CellRef>& cells) {
  for (const CellRef& cell : cells) {
    const auto* slot = dynamic_cast<const Slot*>(cell.get());
    if (slot == nullptr) continue;
    if (!device_) device_ = slot->meta.device;
    if (slot->meta.device == *device_) continue;
    throw ArgumentError(call + ": inside engine.capture every tensor must be on one device, here " + device_->str() +
                        ", not " + toString(slot->meta));
  }
}

void Graph::recordRelease(std::vector<SlotRef> slots) {
  for (const SlotRef& slot : slots) {
    if (made_.contains(slot.get())) continue;
    throw ArgumentError("dispose: inside engine.capture only tensors that were made there can be freed, not " +
                        toString(slot->meta) + " from before");
  }
  Item item;
  item.session = session_;
  item.frees = true;
  item.work = [session = session_, slots = std::move(slots)] {
    for (const SlotRef& slot : slots) {
      session->release(slot->value);
      slot->value.reset();
    }
  };
  items_.push_back(std::move(item));
}

void Graph::finish() {
  session_->recording.reset();
  std::erase_if(results_, [](const SlotRef& slot) { return slot->disposed; });
  classify();
  // No operation has seen these slots yet, so they are still this thread's.
  const auto unfilled = std::make_shared<Failure>(
      Failure{ErrorCode::Argument, "a tensor of a Graph has no value before the first replay()"});
  for (const SlotRef& slot : results_) {
    slot->failure = unfilled;
    // A replay on a device computes values and no history.
    slot->roots.reset();
  }
  if (device_ && !leavesGradients_) {
    replayer_.setMaker([device = *device_] { return ops::makeDeviceGraph(device); });
  }
}

void Graph::drop() {
  session_->recording.reset();
  for (const SlotRef& slot : results_) slot->disposed = true;
  disposed_ = true;
  items_.clear();
}

/// The first thing that the calls do with a cell decides what the whole does with it, the last one whether it is done
/// with: a gradient that is overwritten is dropped (zeroGrad).
void Graph::classify() {
  struct Use {
    CellRef cell;
    bool needed, changed, outlasts;
  };
  std::vector<Use> uses;
  std::unordered_map<const Cell*, size_t> places;
  const auto note = [&](const std::vector<CellRef>& cells, bool needed, bool changed) {
    for (const CellRef& cell : cells) {
      const auto [place, isNew] = places.try_emplace(cell.get(), uses.size());
      if (isNew) {
        uses.push_back({cell, needed, changed, needed});
      } else {
        uses[place->second].changed |= changed;
        uses[place->second].outlasts = needed;
      }
    }
  };
  for (const Item& item : items_) {
    note(item.reads, true, false);
    note(item.writes, true, true);
    note(item.overwrites, false, true);
  }
  for (const Use& use : uses) {
    (use.needed ? use.changed ? writes_ : reads_ : overwrites_).push_back(use.cell);
    if (made_.contains(use.cell.get())) continue;
    if (auto slot = std::dynamic_pointer_cast<Slot>(use.cell)) {
      outside_.push_back(std::move(slot));
    } else {
      // What is no tensor stands for gradients.
      usesGradients_ = true;
      leavesGradients_ |= use.outlasts;
    }
  }
}

bool Graph::findsGradients() const {
  return usesGradients_ && std::any_of(outside_.begin(), outside_.end(), [](const SlotRef& slot) {
           const at::Tensor& value = slot->value;
           return value.defined() && value.is_leaf() && value.grad().defined();
         });
}

void Graph::replay(const RandomKey& key) {
  if (disposed_) throw Error(ErrorCode::Disposed, "replay: the graph was used after dispose()");
  for (const SlotRef& slot : outside_) {
    if (!slot->disposed) continue;
    throw Error(ErrorCode::Disposed, "replay: a tensor " + toString(slot->meta) + " of the graph was disposed of");
  }
  Item item;
  item.session = session_;
  item.reads = reads_;
  item.writes = writes_;
  item.overwrites = overwrites_;
  if (device_ && !device_->is_cpu()) item.device = device_;
  item.work = [self = shared_from_this(), key] { self->run(key); };
  Engine::instance().submit(std::move(item), false);
}

void Graph::dispose() {
  if (std::exchange(disposed_, true)) return;
  // Those whose handles live on keep their values.
  std::vector<SlotRef> dead;
  std::copy_if(results_.begin(), results_.end(), std::back_inserter(dead),
               [](const SlotRef& slot) { return slot->disposed; });
  Item item;
  item.session = session_;
  item.frees = true;
  item.work = [self = shared_from_this(), dead = std::move(dead)] {
    self->replayer_.reset();
    self->items_.clear();
    self->key_->value.reset();
    for (const SlotRef& slot : dead) {
      self->session_->release(slot->value);
      slot->value.reset();
    }
  };
  Engine::instance().submit(std::move(item), true);
}

void Graph::run(const RandomKey& key) {
  if (key_->used) key_->set(key, *device_);
  if (replayer_.records() && findsGradients()) replayer_.reset();
  replayer_.replay([this] { execute(); });
}

void Graph::execute() {
  std::exception_ptr failure;
  for (Item& item : items_) {
    // Behind a failure only what was made is freed.
    if (failure && !item.frees) continue;
    try {
      Engine::instance().rest();
      if (session_->closed && !item.frees) throw Error(ErrorCode::Engine, "replay: its thread has ended");
      perform(item);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  for (const SlotRef& slot : results_) {
    if (slot->value.requires_grad()) slot->value = slot->value.detach();
  }
}

/// As the engine does with each operation.
void Graph::perform(Item& item) {
  const ModeGuard modes(item.modes);
  try {
    item.work();
  } catch (...) {
    if (!item.repeatable || failureOf(std::current_exception())->code != ErrorCode::OutOfMemory) throw;
    trimCpuMemory();
    item.work();
  }
}

}  // namespace gptorch
