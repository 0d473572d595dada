#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "addon/port.h"
#include "engine/session.h"

namespace gptorch {

/// What belongs to one JavaScript environment; kept as its instance data.
class Environment {
 public:
  static void install(Napi::Env env);
  static Environment& of(Napi::Env env);

  const SessionRef& session() const { return session_; }
  const std::shared_ptr<Port>& port() const { return port_; }
  /// For calls that are not recorded. Throws ArgumentError, naming the call, inside a function that is being captured.
  void refuseInCapture(const std::string& call) const;

  /// Makes an error of the TypeScript class that belongs to the code.
  Napi::Value makeError(Napi::Env env, ErrorCode code, const std::string& message) const;
  void setErrorFactory(Napi::Function factory);

  /// A promise and the number by which the engine settles it.
  std::pair<Napi::Promise, uint64_t> promise(Napi::Env env);
  using Result = std::function<Napi::Value(Napi::Env)>;
  /// JavaScript thread.
  void resolve(Napi::Env env, uint64_t id, const Result& result);
  void reject(Napi::Env env, uint64_t id, const Failure& failure);

  /// Keeps a function that the engine's messages call until `unlisten`, and with it the process.
  uint64_t listen(Napi::Env env, Napi::Function listener);
  void notify(uint64_t id, const std::vector<napi_value>& arguments) const;
  void unlisten(Napi::Env env, uint64_t id);

  /// Tells the garbage collector how much memory hangs on this environment's handles.
  void reportMemory(Napi::Env env);

 private:
  explicit Environment(Napi::Env env);

  SessionRef session_ = std::make_shared<Session>();
  std::shared_ptr<Port> port_;
  Napi::FunctionReference errorFactory_;
  std::unordered_map<uint64_t, Napi::Promise::Deferred> pending_;
  std::unordered_map<uint64_t, Napi::FunctionReference> listeners_;
  uint64_t nextPromise_ = 1;
};

/// Runs `call` and turns C++ exceptions into JavaScript's.
Napi::Value guarded(const Napi::CallbackInfo& info, const std::function<Napi::Value()>& call);

}  // namespace gptorch
