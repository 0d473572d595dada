#include <ATen/ops/empty.h>

#include <cstring>

#include "addon/arguments.h"
#include "addon/environment.h"
#include "addon/exports.h"
#include "addon/handle.h"
#include "engine/device_copy.h"
#include "engine/engine.h"

namespace gptorch {

namespace {

/// What JavaScript's typed arrays lack is read in the nearest dtype that they have.
at::ScalarType readableDtype(at::ScalarType dtype) {
  return dtype == at::kBFloat16 || dtype == at::kHalf ? at::kFloat : dtype;
}

/// A pending read: `take` gets the value in main memory, in a dtype that JavaScript has, and gives what makes the
/// promise's value on JavaScript's thread. The engine does not wait for a device.
Napi::Value await(const Napi::CallbackInfo& info, const char* call, const SlotRef& slot,
                  std::function<Environment::Result(const at::Tensor&)> take) {
  const Napi::Env env = info.Env();
  Environment& environment = Environment::of(env);
  environment.refuseInCapture(call);
  const auto [promise, id] = environment.promise(env);
  const std::shared_ptr<Port> port = environment.port();
  Item item;
  item.session = environment.session();
  item.modes.gradEnabled = false;
  item.reads = {slot};
  item.repeatable = true;
  if (!slot->meta.device.is_cpu()) item.device = slot->meta.device;
  item.onFailure = [port, id = id](const FailureRef& failure) {
    port->post([id, failure](Napi::Env e) { Environment::of(e).reject(e, id, *failure); });
  };
  item.work = [slot, port, id = id, take = std::move(take), failed = item.onFailure] {
    Engine& engine = Engine::instance();
    const at::Tensor value = slot->value.detach().to(readableDtype(slot->value.scalar_type()));
    const auto tell = [port, id, take](const at::Tensor& host) {
      port->post([id, result = take(host)](Napi::Env e) { Environment::of(e).resolve(e, id, result); });
    };
    if (engine.computesElsewhere(value.device())) {
      engine.afterDevices([host = download(value), tell] { tell(host); }, failed);
    } else {
      tell(value);
    }
  };
  // A read frees what waits for it; it must not be refused when the queue is full.
  Engine::instance().submit(std::move(item), true);
  return promise;
}

Napi::Value readData(const Napi::CallbackInfo& info) {
  return guarded(info, [&] {
    const SlotRef slot = unwrapTensor(info[0], "toArray");
    return await(info, "toArray", slot, [](const at::Tensor& value) -> Environment::Result {
      const at::Tensor host = value.contiguous();
      auto bytes = std::make_shared<std::vector<uint8_t>>(host.nbytes());
      if (!bytes->empty()) std::memcpy(bytes->data(), host.const_data_ptr(), bytes->size());
      return [bytes](Napi::Env env) -> Napi::Value {
        Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes->size());
        if (!bytes->empty()) std::memcpy(buffer.Data(), bytes->data(), bytes->size());
        return buffer;
      };
    });
  });
}

Napi::Value readItem(const Napi::CallbackInfo& info) {
  return guarded(info, [&] {
    const SlotRef slot = unwrapTensor(info[0], "item");
    if (slot->meta.numel() != 1) {
      throw ArgumentError("item: the tensor " + toString(slot->meta) + " is not one number; see toArray()");
    }
    return await(info, "item", slot, [](const at::Tensor& value) -> Environment::Result {
      const double number = value.item().toDouble();
      return [number](Napi::Env env) -> Napi::Value { return Napi::Number::New(env, number); };
    });
  });
}

/// describe(handle) -> { shape, dtype, device, requiresGrad }
Napi::Value describe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(info, [&]() -> Napi::Value {
    const auto* slot = std::get_if<SlotRef>(&unwrap(info[0]));
    if (slot == nullptr) throw ArgumentError("a tensor was expected");
    const Meta& meta = (*slot)->meta;
    Napi::Array shape = Napi::Array::New(env, meta.shape.size());
    for (uint32_t i = 0; i < meta.shape.size(); ++i) shape.Set(i, static_cast<double>(meta.shape[i]));
    Napi::Object result = Napi::Object::New(env);
    result.Set("shape", shape);
    result.Set("dtype", dtypeName(meta.dtype));
    result.Set("device", meta.device.str());
    result.Set("requiresGrad", (*slot)->roots != nullptr);
    return result;
  });
}

/// disposeTensors(handles, byScope)
Napi::Value disposeAll(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto handles = info[0].As<Napi::Array>();
    std::vector<SlotRef> slots;
    for (uint32_t i = 0; i < handles.Length(); ++i) slots.push_back(std::get<SlotRef>(unwrap(handles.Get(i))));
    disposeTensors(info.Env(), slots, info[1].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  });
}

Napi::Value tensorList(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const auto handles = info[0].As<Napi::Array>();
    auto list = std::make_shared<TensorList>();
    for (uint32_t i = 0; i < handles.Length(); ++i) list->slots.push_back(unwrapTensor(handles.Get(i), "tensorList"));
    return wrap(info.Env(), list);
  });
}

/// openTokenFile(path, bytesPerToken, offset, count)
Napi::Value openTokenFile(const Napi::CallbackInfo& info) {
  return guarded(info, [&]() -> Napi::Value {
    const Arguments arguments = takeArguments("TokenFile", info, 0);
    const auto width = arguments.integer(1, "bytesPerToken") == 2 ? TokenFile::Width::Two : TokenFile::Width::Four;
    return wrap(info.Env(), std::make_shared<TokenFile>(arguments.string(0, "path"), width,
                                                        static_cast<size_t>(arguments.integer(2, "offset")),
                                                        static_cast<size_t>(arguments.integer(3, "count"))));
  });
}

}  // namespace

void exportTensor(Napi::Env env, Napi::Object exports) {
  exports.Set("readData", Napi::Function::New(env, readData, "readData"));
  exports.Set("readItem", Napi::Function::New(env, readItem, "readItem"));
  exports.Set("describe", Napi::Function::New(env, describe, "describe"));
  exports.Set("disposeTensors", Napi::Function::New(env, disposeAll, "disposeTensors"));
  exports.Set("tensorList", Napi::Function::New(env, tensorList, "tensorList"));
  exports.Set("openTokenFile", Napi::Function::New(env, openTokenFile, "openTokenFile"));
}

}  // namespace gptorch
