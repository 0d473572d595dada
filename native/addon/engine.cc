#include "engine/engine.h"

#include <ATen/Version.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "addon/arguments.h"
#include "addon/cuda_driver.h"
#include "addon/environment.h"
#include "addon/exports.h"
#include "engine/cpu_allocator.h"
#include "ops/device_graph/device_graph.h"

namespace gptorch {

namespace {

/// Settles once everything this environment queued so far is done; rejects with its first failure that
/// nobody was told of.
Napi::Value idle(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    Environment& environment = Environment::of(env);
    environment.refuseInCapture("engine.idle");
    const auto [promise, id] = environment.promise(env);
    Item item;
    item.session = environment.session();
    // Only after a device's failure beyond repair, when nothing runs any more.
    item.onFailure = [port = environment.port(), id = id](const FailureRef& failure) {
      port->post([id, failure](Napi::Env e) { Environment::of(e).reject(e, id, *failure); });
    };
    item.work = [session = environment.session(), port = environment.port(), id = id, failed = item.onFailure] {
      const auto tell = [port, id, unobserved = session->takeFailure()] {
        port->post([id, unobserved](Napi::Env e) {
          Environment& target = Environment::of(e);
          if (unobserved) {
            target.reject(e, id, *unobserved);
          } else {
            target.resolve(e, id, [](Napi::Env f) { return f.Undefined(); });
          }
        });
      };
      Engine::instance().afterDevices(tell, failed);
    };
    Engine::instance().submit(std::move(item), true);
    return promise;
  });
}

Napi::Value drained(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const auto [promise, id] = environment.promise(info.Env());
  Engine::instance().whenDrained([port = environment.port(), id = id] {
    port->post([id](Napi::Env e) { Environment::of(e).resolve(e, id, [](Napi::Env f) { return f.Undefined(); }); });
  });
  return promise;
}

Napi::Value memory(const Napi::CallbackInfo& info) {
  const MemoryUse use = cpuMemoryUse();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("allocated", static_cast<double>(use.allocated));
  result.Set("peak", static_cast<double>(use.peak));
  result.Set("cached", static_cast<double>(use.cached));
  result.Set("budget", static_cast<double>(use.budget));
  result.Set("held", static_cast<double>(Environment::of(info.Env()).session()->heldBytes));
  return result;
}

/// setModes(gradEnabled, autocastDtype | null): what the next calls capture.
Napi::Value setModes(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Arguments arguments = takeArguments("setModes", info, 0);
    Modes& modes = Environment::of(info.Env()).session()->modes;
    modes.gradEnabled = arguments.boolean(0, "gradEnabled");
    modes.autocast.reset();
    if (!arguments.isMissing(1)) modes.autocast = parseDtype(arguments.string(1, "dtype"));
    return info.Env().Undefined();
  });
}

Napi::Value setThreads(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Environment::of(info.Env()).refuseInCapture("engine.setThreads");
    const Arguments arguments = takeArguments("setThreads", info, 0);
    Engine::instance().setThreads(static_cast<int>(arguments.numberWithin(0, "threads", 1, 1024)));
    return info.Env().Undefined();
  });
}

Napi::Value setLimits(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Arguments arguments = takeArguments("setLimits", info, 0);
    constexpr double kMost = 9007199254740991.0;
    Engine::instance().setLimits(static_cast<size_t>(arguments.numberWithin(0, "operations", 1, kMost)),
                                 static_cast<size_t>(arguments.numberWithin(1, "bytes", 1, kMost)));
    return info.Env().Undefined();
  });
}

Napi::Value setMemoryBudget(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Arguments arguments = takeArguments("setMemoryBudget", info, 0);
    setCpuMemoryBudget(static_cast<size_t>(arguments.numberWithin(0, "bytes", 0, 9007199254740991.0)));
    return info.Env().Undefined();
  });
}

/// failAllocations(after, count): for tests, see cpu_allocator.h.
Napi::Value failAllocations(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Arguments arguments = takeArguments("failAllocations", info, 0);
    failCpuAllocations(static_cast<size_t>(arguments.numberWithin(0, "after", 0, 1e9)),
                       static_cast<size_t>(arguments.numberWithin(1, "count", 0, 1e9)));
    return info.Env().Undefined();
  });
}

/// failDevice(): for tests, as if a device had failed beyond repair.
Napi::Value failDevice(const Napi::CallbackInfo& info) {
  Item item;
  item.session = Environment::of(info.Env()).session();
  item.work = [] { throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 0, "planted by a test"); };
  Engine::instance().submit(std::move(item), true);
  return info.Env().Undefined();
}

/// delayDevice(milliseconds, fails): for tests, see device_event.h; a negative time is no delay.
Napi::Value delayDevice(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Arguments arguments = takeArguments("delayDevice", info, 0);
    const std::chrono::milliseconds time(static_cast<int64_t>(arguments.numberWithin(0, "milliseconds", -1, 1e6)));
    const bool fails = arguments.boolean(1, "fails");
    DeviceEvent::delayAll(time.count() < 0 ? std::nullopt : std::optional<DeviceEvent::Delay>({time, fails}));
    return info.Env().Undefined();
  });
}

/// standInForGraphs(on): for tests, see device_graph.h.
Napi::Value standInForGraphs(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    ops::standInForDeviceGraphs(takeArguments("standInForGraphs", info, 0).boolean(0, "on"));
    return info.Env().Undefined();
  });
}

/// How many CUDA devices this process can use: 0 with a CPU libtorch or without a driver.
Napi::Value cudaDevices(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto& hooks = at::detail::getCUDAHooks();
    return Napi::Number::New(info.Env(), hooks.hasCUDA() ? hooks.deviceCount() : 0);
  });
}

/// Names of those of our operators that have CUDA kernels of their own: none until libgptorch_ops_cuda is loaded.
Napi::Value cudaKernels(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    Napi::Array names = Napi::Array::New(info.Env());
    auto& dispatcher = c10::Dispatcher::singleton();
    for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
      if (name.getNamespace() != "gptorch") continue;
      const auto op = dispatcher.findSchema(name);
      if (op && op->hasKernelForDispatchKey(c10::DispatchKey::CUDA)) names.Set(names.Length(), name.name);
    }
    return names;
  });
}

/// cudaDriver() -> { version?, devices, problem? }
Napi::Value cudaDriver(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    const CudaDriver driver = askCudaDriver();
    Napi::Array devices = Napi::Array::New(env);
    for (const std::string& name : driver.devices) devices.Set(devices.Length(), name);
    Napi::Object result = Napi::Object::New(env);
    if (driver.version) result.Set("version", *driver.version);
    result.Set("devices", devices);
    if (driver.problem) result.Set("problem", *driver.problem);
    return result;
  });
}

}  // namespace

void exportEngine(Napi::Env env, Napi::Object exports) {
  Napi::Object engine = Napi::Object::New(env);
  engine.Set("idle", Napi::Function::New(env, idle, "idle"));
  engine.Set("drained", Napi::Function::New(env, drained, "drained"));
  engine.Set("memory", Napi::Function::New(env, memory, "memory"));
  engine.Set("resetMemoryPeak",
             Napi::Function::New(env, [](const Napi::CallbackInfo&) { resetCpuMemoryPeak(); }, "resetMemoryPeak"));
  engine.Set("trimMemory", Napi::Function::New(env, [](const Napi::CallbackInfo&) { trimCpuMemory(); }, "trimMemory"));
  engine.Set("setMemoryBudget", Napi::Function::New(env, setMemoryBudget, "setMemoryBudget"));
  engine.Set(
      "pauseForExit",
      Napi::Function::New(env, [](const Napi::CallbackInfo&) { Engine::instance().pauseForExit(); }, "pauseForExit"));
  engine.Set("resume",
             Napi::Function::New(env, [](const Napi::CallbackInfo&) { Engine::instance().resume(); }, "resume"));
  engine.Set("failAllocations", Napi::Function::New(env, failAllocations, "failAllocations"));
  engine.Set("failDevice", Napi::Function::New(env, failDevice, "failDevice"));
  engine.Set("delayDevice", Napi::Function::New(env, delayDevice, "delayDevice"));
  engine.Set("standInForGraphs", Napi::Function::New(env, standInForGraphs, "standInForGraphs"));
  engine.Set("setModes", Napi::Function::New(env, setModes, "setModes"));
  engine.Set("setThreads", Napi::Function::New(env, setThreads, "setThreads"));
  engine.Set("threads", Napi::Function::New(
                            env,
                            [](const Napi::CallbackInfo& info) {
                              return Napi::Number::New(info.Env(), Engine::instance().threads());
                            },
                            "threads"));
  engine.Set("setLimits", Napi::Function::New(env, setLimits, "setLimits"));
  engine.Set("queued", Napi::Function::New(
                           env,
                           [](const Napi::CallbackInfo& info) {
                             return Napi::Number::New(info.Env(),
                                                      static_cast<double>(Engine::instance().queuedOperations()));
                           },
                           "queued"));
  // The instruction set that torch's own kernels chose: results depend on it in the last bits.
  engine.Set("capability", at::get_cpu_capability());
  engine.Set("cudaDevices", Napi::Function::New(env, cudaDevices, "cudaDevices"));
  engine.Set("cudaKernels", Napi::Function::New(env, cudaKernels, "cudaKernels"));
  engine.Set("cudaDriver", Napi::Function::New(env, cudaDriver, "cudaDriver"));
  exports.Set("engine", engine);
}

}  // namespace gptorch
