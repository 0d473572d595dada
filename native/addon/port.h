#pragma once

#include <node_api.h>

#include <cstdint>
#include <functional>
#include <mutex>

namespace gptorch {

/// The way from the engine thread back to one JavaScript environment. Open until the environment ends;
/// what is posted later is dropped.
class Port {
 public:
  /// Runs on the JavaScript thread; what it throws becomes an uncaught exception there.
  using Message = std::function<void(napi_env)>;

  explicit Port(napi_env env);
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  /// Any thread.
  void post(Message message);
  /// JavaScript thread: a promise is pending (or no longer), so the process must (or may not) stay alive.
  void hold(napi_env env);
  void release(napi_env env);
  /// JavaScript thread, from the environment's clean-up hook.
  void close();

 private:
  static void deliver(napi_env env, napi_value, void*, void* message);

  std::mutex mutex_;
  bool open_ = true;
  napi_threadsafe_function function_ = nullptr;
  /// JavaScript thread only.
  int64_t pending_ = 0;
};

}  // namespace gptorch
