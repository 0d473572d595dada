#include "addon/port.h"

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "engine/error.h"

namespace gptorch {

namespace {

/// These fail only when they are called wrongly.
void require(napi_status status, const char* call) {
  if (status != napi_ok) throw Error(ErrorCode::Engine, std::string(call) + " gave " + std::to_string(status));
}

}  // namespace

// Node's own interface: Napi::ThreadSafeFunction leaks what is still on its way when the environment ends.
Port::Port(napi_env env) {
  napi_value name = nullptr;
  require(napi_create_string_utf8(env, "gptorch", NAPI_AUTO_LENGTH, &name), "napi_create_string_utf8");
  require(napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, deliver,
                                          &function_),
          "napi_create_threadsafe_function");
  // Nothing pending yet: an idle engine must not keep the process alive.
  require(napi_unref_threadsafe_function(env, function_), "napi_unref_threadsafe_function");
}

void Port::post(Message message) {
  auto boxed = std::make_unique<Message>(std::move(message));
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  if (napi_call_threadsafe_function(function_, boxed.get(), napi_tsfn_nonblocking) == napi_ok) boxed.release();
}

void Port::deliver(napi_env env, napi_value, void*, void* message) {
  const std::unique_ptr<Message> owned(static_cast<Message*>(message));
  // No environment: it is being torn down.
  if (env == nullptr) return;
  try {
    (*owned)(env);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
}

void Port::hold(napi_env env) {
  if (pending_++ == 0) require(napi_ref_threadsafe_function(env, function_), "napi_ref_threadsafe_function");
}

void Port::release(napi_env env) {
  if (--pending_ == 0) require(napi_unref_threadsafe_function(env, function_), "napi_unref_threadsafe_function");
}

void Port::close() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  require(napi_release_threadsafe_function(function_, napi_tsfn_release), "napi_release_threadsafe_function");
}

}  // namespace gptorch
