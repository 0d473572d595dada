#include "distributed/process_group.h"

#include <chrono>

#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/exports.h"
#include "addon/handle.h"

namespace gptorch {

namespace {

std::chrono::milliseconds secondsOf(const Options& options, const char* name) {
  return std::chrono::milliseconds(static_cast<int64_t>(options.number(name) * 1000));
}

/// createGroup(options) -> handle; nobody is met before joinGroup.
Napi::Value createGroup(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Options options = takeOptions("ProcessGroup", info[0]);
    GroupOptions made;
    made.rank = static_cast<int>(options.number("rank"));
    made.size = static_cast<int>(options.size("size"));
    made.address = options.string("address");
    made.port = static_cast<uint16_t>(options.size("port"));
    made.storeIsRunning = options.boolean("storeIsRunning");
    made.name = options.string("name");
    made.device = parseDevice(options.string("device"));
    made.joinTimeout = secondsOf(options, "joinTimeout");
    made.timeout = secondsOf(options, "timeout");
    const auto group = std::make_shared<ProcessGroup>(std::move(made));
    // An environment that ends must not keep the engine waiting for other processes.
    info.Env().AddCleanupHook([weak = std::weak_ptr(group)] {
      if (const auto living = weak.lock()) living->cancel();
    });
    return wrap(info.Env(), group);
  });
}

/// cancelGroup(handle): ends the wait that is under way, and all later ones.
Napi::Value cancelGroup(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto* group = std::get_if<std::shared_ptr<ProcessGroup>>(&unwrap(info[0]));
    if (group == nullptr) throw ArgumentError("cancelGroup: a process group was expected");
    (*group)->cancel();
    return info.Env().Undefined();
  });
}

}  // namespace

void exportProcessGroup(Napi::Env env, Napi::Object exports) {
  exports.Set("createGroup", Napi::Function::New(env, createGroup, "createGroup"));
  exports.Set("cancelGroup", Napi::Function::New(env, cancelGroup, "cancelGroup"));
}

}  // namespace gptorch
