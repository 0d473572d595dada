#pragma once

#include <napi.h>

namespace gptorch {

// Each adds its part of the addon's surface to `exports`.
void exportDecoder(Napi::Env env, Napi::Object exports);
void exportEngine(Napi::Env env, Napi::Object exports);
void exportFunctions(Napi::Env env, Napi::Object exports);
void exportGraph(Napi::Env env, Napi::Object exports);
void exportModule(Napi::Env env, Napi::Object exports);
void exportProcessGroup(Napi::Env env, Napi::Object exports);
void exportTensor(Napi::Env env, Napi::Object exports);

}  // namespace gptorch
