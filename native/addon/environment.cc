#include "addon/environment.h"

#include "engine/engine.h"
#include "engine/error.h"

namespace gptorch {

Environment::Environment(Napi::Env env) : port_(std::make_shared<Port>(env)) {}

void Environment::install(Napi::Env env) {
  env.SetInstanceData<Environment>(new Environment(env));
  // Added after the port's function was made, so it runs before Node takes that function down.
  env.AddCleanupHook([session = of(env).session_, port = of(env).port_] {
    port->close();
    Engine::instance().end(session);
  });
}

Environment& Environment::of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

void Environment::refuseInCapture(const std::string& call) const {
  if (session_->recording) {
    throw ArgumentError(call + ": cannot be called inside engine.capture, which records calls on tensors alone");
  }
}

void Environment::setErrorFactory(Napi::Function factory) { errorFactory_ = Napi::Persistent(factory); }

Napi::Value Environment::makeError(Napi::Env env, ErrorCode code, const std::string& message) const {
  return errorFactory_.Call({Napi::String::New(env, toString(code)), Napi::String::New(env, message)});
}

std::pair<Napi::Promise, uint64_t> Environment::promise(Napi::Env env) {
  const uint64_t id = nextPromise_++;
  const auto deferred = Napi::Promise::Deferred::New(env);
  pending_.emplace(id, deferred);
  port_->hold(env);
  return {deferred.Promise(), id};
}

void Environment::resolve(Napi::Env env, uint64_t id, const Result& result) {
  const auto entry = pending_.find(id);
  if (entry == pending_.end()) return;
  const Napi::Promise::Deferred deferred = entry->second;
  pending_.erase(entry);
  port_->release(env);
  try {
    deferred.Resolve(result(env));
  } catch (const Napi::Error& error) {
    deferred.Reject(error.Value());
  }
}

void Environment::reject(Napi::Env env, uint64_t id, const Failure& failure) {
  const auto entry = pending_.find(id);
  if (entry == pending_.end()) return;
  const Napi::Promise::Deferred deferred = entry->second;
  pending_.erase(entry);
  port_->release(env);
  deferred.Reject(makeError(env, failure.code, failure.message));
}

uint64_t Environment::listen(Napi::Env env, Napi::Function listener) {
  const uint64_t id = nextPromise_++;
  listeners_.emplace(id, Napi::Persistent(listener));
  port_->hold(env);
  return id;
}

void Environment::notify(uint64_t id, const std::vector<napi_value>& arguments) const {
  const auto entry = listeners_.find(id);
  if (entry != listeners_.end()) entry->second.Call(arguments);
}

void Environment::unlisten(Napi::Env env, uint64_t id) {
  if (listeners_.erase(id) > 0) port_->release(env);
}

void Environment::reportMemory(Napi::Env env) {
  // Small changes are not worth a call into the garbage collector.
  constexpr int64_t kLeastChange = 1 << 20;
  const int64_t held = session_->heldBytes + session_->graphBytes + session_->expectedBytes;
  const int64_t change = held - session_->reportedBytes;
  if (change < kLeastChange && change > -kLeastChange) return;
  session_->reportedBytes = held;
  Napi::MemoryManagement::AdjustExternalMemory(env, change);
}

Napi::Value guarded(const Napi::CallbackInfo& info, const std::function<Napi::Value()>& call) {
  const Napi::Env env = info.Env();
  try {
    return call();
  } catch (const Error& error) {
    throw Napi::Error(env, Environment::of(env).makeError(env, error.code(), error.what()));
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error(env, Environment::of(env).makeError(env, ErrorCode::Engine, error.what()));
  }
}

}  // namespace gptorch
