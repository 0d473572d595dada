#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/exports.h"
#include "addon/handle.h"
#include "engine/engine.h"
#include "functions/function.h"

namespace gptorch {

namespace {

/// One handle for one result, an array for several, nothing for none.
Napi::Value giveResults(Napi::Env env, const std::vector<SlotRef>& outputs) {
  if (outputs.empty()) return env.Undefined();
  if (outputs.size() == 1) return wrap(env, outputs[0]);
  Napi::Array array = Napi::Array::New(env, outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) array.Set(static_cast<uint32_t>(i), wrap(env, outputs[i]));
  return array;
}

Napi::Value call(const Napi::CallbackInfo& info) {
  const auto& function = *static_cast<const Function*>(info.Data());
  return guarded(info, [&] {
    Environment& environment = Environment::of(info.Env());
    environment.reportMemory(info.Env());
    Plan plan = function.plan(takeArguments(function.name, info, 0));
    return giveResults(info.Env(), Engine::instance().submit(environment.session(), function.name, std::move(plan)));
  });
}

Napi::Value forward(const Napi::CallbackInfo& info) {
  return guarded(info, [&] {
    Environment& environment = Environment::of(info.Env());
    environment.reportMemory(info.Env());
    const std::string name = info[1].As<Napi::String>().Utf8Value();
    const auto* module = std::get_if<std::shared_ptr<ModuleState>>(&unwrap(info[0]));
    if (module == nullptr) throw ArgumentError(name + ": a module was expected");
    Plan plan = (*module)->forward(takeArguments(name, info, 2));
    return giveResults(info.Env(), Engine::instance().submit(environment.session(), name, std::move(plan)));
  });
}

}  // namespace

void exportFunctions(Napi::Env env, Napi::Object exports) {
  static const std::vector<Function> all = allFunctions();
  Napi::Object table = Napi::Object::New(env);
  for (const Function& function : all) {
    table.Set(function.name, Napi::Function::New(env, call, function.name, const_cast<Function*>(&function)));
  }
  exports.Set("functions", table);
  exports.Set("forward", Napi::Function::New(env, forward, "forward"));
}

}  // namespace gptorch
