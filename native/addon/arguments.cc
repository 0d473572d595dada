#include "addon/arguments.h"

#include "addon/environment.h"
#include "addon/handle.h"

namespace gptorch {

namespace {

/// An array of numbers, of strings, or of tensor handles.
Argument takeArray(const std::string& function, const Napi::Array& array) {
  const uint32_t length = array.Length();
  if (length > 0 && array.Get(uint32_t{0}).IsExternal()) {
    auto list = std::make_shared<TensorList>();
    for (uint32_t i = 0; i < length; ++i) list->slots.push_back(unwrapTensor(array.Get(i), function));
    return list;
  }
  if (length > 0 && array.Get(uint32_t{0}).IsString()) {
    std::vector<std::string> strings;
    for (uint32_t i = 0; i < length; ++i) {
      const Napi::Value element = array.Get(i);
      if (!element.IsString()) throw ArgumentError(function + ": an array of strings must hold nothing else");
      strings.push_back(element.As<Napi::String>().Utf8Value());
    }
    return strings;
  }
  std::vector<double> numbers;
  numbers.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    const Napi::Value element = array.Get(i);
    if (!element.IsNumber()) throw ArgumentError(function + ": an array must hold numbers or tensors alone");
    numbers.push_back(element.As<Napi::Number>().DoubleValue());
  }
  return numbers;
}

Argument takeHandle(const std::string& function, const Napi::Value& value) {
  Handle& handle = unwrap(value);
  if (std::holds_alternative<SlotRef>(handle)) return unwrapTensor(value, function);
  if (const auto* list = std::get_if<std::shared_ptr<TensorList>>(&handle)) {
    for (const SlotRef& slot : (*list)->slots) requireLive(*slot, function);
    return *list;
  }
  if (const auto* module = std::get_if<std::shared_ptr<ModuleState>>(&handle)) return *module;
  if (const auto* file = std::get_if<std::shared_ptr<TokenFile>>(&handle)) return *file;
  if (const auto* group = std::get_if<std::shared_ptr<ProcessGroup>>(&handle)) return *group;
  throw ArgumentError(function + ": a decoder cannot be an argument here");
}

Argument take(const std::string& function, const Napi::Value& value) {
  switch (value.Type()) {
    case napi_undefined:
    case napi_null:
      return {};
    case napi_boolean:
      return value.As<Napi::Boolean>().Value();
    case napi_number:
      return value.As<Napi::Number>().DoubleValue();
    case napi_string:
      return value.As<Napi::String>().Utf8Value();
    case napi_external:
      return takeHandle(function, value);
    default:
      break;
  }
  if (value.IsArray()) return takeArray(function, value.As<Napi::Array>());
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    const auto* first = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    return std::make_shared<std::vector<uint8_t>>(first, first + array.ByteLength());
  }
  throw ArgumentError(function + ": an argument has a type that it cannot have");
}

}  // namespace

Arguments takeArguments(const std::string& function, const Napi::CallbackInfo& info, size_t first) {
  std::vector<Argument> values;
  values.reserve(info.Length());
  for (size_t i = first; i < info.Length(); ++i) values.push_back(take(function, info[i]));
  const auto& recording = Environment::of(info.Env()).session()->recording;
  return {function, std::move(values), recording ? recording->key() : nullptr};
}

Options takeOptions(const std::string& owner, const Napi::Value& value) {
  if (!value.IsObject()) throw ArgumentError(owner + ": options must be an object");
  const auto object = value.As<Napi::Object>();
  const Napi::Array names = object.GetPropertyNames();
  ArgumentMap values;
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const Napi::Value name = names.Get(i);
    values.emplace(name.As<Napi::String>().Utf8Value(), take(owner, object.Get(name)));
  }
  return {owner, std::move(values)};
}

}  // namespace gptorch
