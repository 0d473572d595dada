#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/exports.h"
#include "addon/handle.h"
#include "engine/engine.h"
#include "modules/registry.h"

namespace gptorch {

namespace {

/// createModule(name, options, device) -> { handle, parameters: [name, handle][] }
Napi::Value createModule(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    const std::string name = info[0].As<Napi::String>().Utf8Value();
    Environment::of(env).refuseInCapture(name);
    const at::Device device = parseDevice(info[2].As<Napi::String>().Utf8Value());
    const std::shared_ptr<ModuleState> module = makeModule(name, takeOptions(name, info[1]));
    module->build(Engine::instance(), Environment::of(env).session(), device);
    Napi::Array parameters = Napi::Array::New(env);
    for (const auto& [parameterName, slot] : module->parameters()) {
      Napi::Array pair = Napi::Array::New(env, 2);
      pair.Set(uint32_t{0}, parameterName);
      pair.Set(uint32_t{1}, wrap(env, slot));
      parameters.Set(parameters.Length(), pair);
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("handle", wrap(env, module));
    result.Set("parameters", parameters);
    return result;
  });
}

Napi::Value disposeModule(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Environment::of(info.Env()).refuseInCapture("dispose of a module");
    const auto* module = std::get_if<std::shared_ptr<ModuleState>>(&unwrap(info[0]));
    if (module == nullptr) throw ArgumentError("dispose: a module was expected");
    (*module)->dispose(Engine::instance(), Environment::of(info.Env()).session());
    return info.Env().Undefined();
  });
}

}  // namespace

void exportModule(Napi::Env env, Napi::Object exports) {
  exports.Set("createModule", Napi::Function::New(env, createModule, "createModule"));
  exports.Set("disposeModule", Napi::Function::New(env, disposeModule, "disposeModule"));
}

}  // namespace gptorch
