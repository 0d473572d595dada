#include <napi.h>

#include "addon/environment.h"
#include "addon/exports.h"
#include "addon/handle.h"
#include "engine/engine.h"
#ifdef GPTORCH_PLANTED_FAULTS
#include "planted_faults.h"
#endif

namespace gptorch {

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  Engine::instance();
  Environment::install(env);
  exports.Set("torchVersion", GPTORCH_TORCH_VERSION);
  exports.Set("setErrorFactory", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                Environment::of(info.Env()).setErrorFactory(info[0].As<Napi::Function>());
              }));
  exportDecoder(env, exports);
  exportEngine(env, exports);
  exportFunctions(env, exports);
  exportGraph(env, exports);
  exportModule(env, exports);
  exportProcessGroup(env, exports);
  exportTensor(env, exports);
#ifdef GPTORCH_PLANTED_FAULTS
  exports.Set("plantFault", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                plantFault(info[0].As<Napi::String>().Utf8Value());
              }));
#endif
  return exports;
}

}  // namespace

}  // namespace gptorch

Napi::Object initializeGptorch(Napi::Env env, Napi::Object exports) { return gptorch::initialize(env, exports); }

NODE_API_MODULE(gptorch, initializeGptorch)
