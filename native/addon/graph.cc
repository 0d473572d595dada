#include "engine/graph.h"

#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/exports.h"
#include "addon/handle.h"

namespace gptorch {

namespace {

std::shared_ptr<Graph> graphOf(const Napi::Value& value) {
  const auto* graph = std::get_if<std::shared_ptr<Graph>>(&unwrap(value));
  if (graph == nullptr) throw ArgumentError("a graph was expected");
  return *graph;
}

/// beginGraph() -> handle: from here on calls on tensors are recorded, until finishGraph or dropGraph.
Napi::Value beginGraph(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Environment& environment = Environment::of(info.Env());
    environment.refuseInCapture("engine.capture");
    const auto graph = std::make_shared<Graph>(environment.session());
    const Napi::Value handle = wrap(info.Env(), graph);
    environment.session()->recording = graph;
    return handle;
  });
}

/// finishGraph(graph)
Napi::Value finishGraph(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    graphOf(info[0])->finish();
    return info.Env().Undefined();
  });
}

/// dropGraph(graph)
Napi::Value dropGraph(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    graphOf(info[0])->drop();
    return info.Env().Undefined();
  });
}

/// replayGraph(graph, key)
Napi::Value replayGraph(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Environment& environment = Environment::of(info.Env());
    environment.refuseInCapture("replay");
    graphOf(info[0])->replay(takeArguments("replay", info, 1).randomKey(0, "key"));
    return info.Env().Undefined();
  });
}

/// disposeGraph(graph)
Napi::Value disposeGraph(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Environment::of(info.Env()).refuseInCapture("dispose of a graph");
    graphOf(info[0])->dispose();
    return info.Env().Undefined();
  });
}

/// graphLaunches(graph)
Napi::Value graphLaunches(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(graphOf(info[0])->launches()));
  });
}

/// hasDeviceGraphs(device)
Napi::Value hasDeviceGraphs(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Arguments arguments = takeArguments("hasDeviceGraphs", info, 0);
    return Napi::Boolean::New(info.Env(), ops::hasDeviceGraphs(parseDevice(arguments.string(0, "device"))));
  });
}

}  // namespace

void exportGraph(Napi::Env env, Napi::Object exports) {
  exports.Set("beginGraph", Napi::Function::New(env, beginGraph, "beginGraph"));
  exports.Set("finishGraph", Napi::Function::New(env, finishGraph, "finishGraph"));
  exports.Set("dropGraph", Napi::Function::New(env, dropGraph, "dropGraph"));
  exports.Set("replayGraph", Napi::Function::New(env, replayGraph, "replayGraph"));
  exports.Set("disposeGraph", Napi::Function::New(env, disposeGraph, "disposeGraph"));
  exports.Set("graphLaunches", Napi::Function::New(env, graphLaunches, "graphLaunches"));
  exports.Set("hasDeviceGraphs", Napi::Function::New(env, hasDeviceGraphs, "hasDeviceGraphs"));
}

}  // namespace gptorch
