#include "addon/handle.h"

#include <algorithm>
#include <iterator>

#include "addon/environment.h"
#include "engine/engine.h"

namespace gptorch {

namespace {

void release(const SessionRef& session, std::vector<SlotRef> slots) {
  Item item;
  item.session = session;
  item.frees = true;
  item.work = [session, slots = std::move(slots)] {
    for (const SlotRef& slot : slots) {
      session->release(slot->value);
      slot->value.reset();
    }
  };
  Engine::instance().submit(std::move(item), true);
}

/// Connections are closed where they are used, behind what is queued.
void leave(const SessionRef& session, std::shared_ptr<ProcessGroup> group) {
  Item item;
  item.session = session;
  item.frees = true;
  item.work = [group = std::move(group)] { group->leave(); };
  Engine::instance().submit(std::move(item), true);
}

/// Carries its session: when an environment ends, its instance data may be gone before the last finalizer runs.
struct Boxed {
  Handle handle;
  SessionRef session;
};

void finalize(Napi::Env, Boxed* boxed) {
  const std::unique_ptr<Boxed> owned(boxed);
  const SessionRef& session = boxed->session;
  if (const auto* slot = std::get_if<SlotRef>(&boxed->handle)) {
    // A parameter's value belongs to its module.
    const bool ownsValue = !(*slot)->disposed && !(*slot)->ownedByModule;
    if (!ownsValue) return;
    (*slot)->disposed = true;
    release(session, {*slot});
  } else if (const auto* module = std::get_if<std::shared_ptr<ModuleState>>(&boxed->handle)) {
    (*module)->dispose(Engine::instance(), session);
  } else if (const auto* graph = std::get_if<std::shared_ptr<Graph>>(&boxed->handle)) {
    (*graph)->dispose();
  } else if (const auto* decoder = std::get_if<std::shared_ptr<Decoder>>(&boxed->handle)) {
    Decoder::dispose(*decoder);
  } else if (auto* group = std::get_if<std::shared_ptr<ProcessGroup>>(&boxed->handle)) {
    leave(session, std::move(*group));
  }
}

}  // namespace

Napi::Value wrap(Napi::Env env, Handle handle) {
  auto boxed = std::make_unique<Boxed>(Boxed{std::move(handle), Environment::of(env).session()});
  const Napi::Value value = Napi::External<Boxed>::New(env, boxed.get(), finalize);
  boxed.release();
  return value;
}

Handle& unwrap(const Napi::Value& value) {
  if (!value.IsExternal()) throw ArgumentError("a handle of gptorch was expected");
  return value.As<Napi::External<Boxed>>().Data()->handle;
}

SlotRef unwrapTensor(const Napi::Value& value, const std::string& function) {
  const auto* slot = std::get_if<SlotRef>(&unwrap(value));
  if (slot == nullptr) throw ArgumentError(function + ": a tensor was expected");
  requireLive(**slot, function);
  return *slot;
}

void requireLive(const Slot& slot, const std::string& function) {
  if (!slot.disposed) return;
  const std::string what = function + ": a tensor " + toString(slot.meta);
  if (slot.ownedByModule) throw Error(ErrorCode::Disposed, what + " was used after its module's dispose()");
  if (!slot.endedWithScope) throw Error(ErrorCode::Disposed, what + " was used after dispose()");
  throw Error(ErrorCode::Disposed,
              what + " was used after the scope() that it was made in; return it from there, or keep() it");
}

void disposeTensors(Napi::Env env, const std::vector<SlotRef>& slots, bool byScope) {
  const SessionRef& session = Environment::of(env).session();
  std::vector<SlotRef> live;
  std::copy_if(slots.begin(), slots.end(), std::back_inserter(live),
               [](const SlotRef& slot) { return !slot->disposed && !slot->ownedByModule; });
  if (live.empty()) return;
  if (session->recording) session->recording->recordRelease(live);
  for (const SlotRef& slot : live) {
    slot->disposed = true;
    slot->endedWithScope = byScope;
  }
  if (!session->recording) release(session, std::move(live));
}

}  // namespace gptorch
