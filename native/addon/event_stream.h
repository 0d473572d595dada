#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "addon/environment.h"
#include "addon/port.h"

namespace gptorch {

/// Events on their way to a JavaScript listener(events, error?). However many the engine makes before JavaScript has
/// time, one message is under way. Kept alive by its message, and by whoever pushes.
template <typename Event>
class EventStream : public std::enable_shared_from_this<EventStream<Event>> {
 public:
  using Conversion = Napi::Value (*)(Napi::Env env, Event& event);

  EventStream(Napi::Env env, Napi::Function listener, Conversion convert)
      : port_(Environment::of(env).port()), listener_(Environment::of(env).listen(env, listener)), convert_(convert) {}

  /// JavaScript thread: nothing was begun, nothing will come.
  void abandon(Napi::Env env) { Environment::of(env).unlisten(env, listener_); }

  /// Engine thread. Nothing comes after the last.
  void push(std::vector<Event> events, bool last) {
    const std::lock_guard lock(mutex_);
    for (Event& event : events) waiting_.push_back(std::move(event));
    last_ = last;
    post();
  }
  void fail(const FailureRef& failure) {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
    last_ = true;
    post();
  }

 private:
  /// Under the lock.
  void post() {
    if (std::exchange(posted_, true)) return;
    port_->post([self = this->shared_from_this()](Napi::Env env) { self->deliver(env); });
  }

  /// JavaScript thread.
  void deliver(Napi::Env env) {
    std::vector<Event> events;
    FailureRef failure;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      posted_ = false;
      events.swap(waiting_);
      failure = failure_;
      last = last_;
    }
    Environment& environment = Environment::of(env);
    Napi::Array array = Napi::Array::New(env, events.size());
    for (size_t i = 0; i < events.size(); ++i) array.Set(static_cast<uint32_t>(i), convert_(env, events[i]));
    std::vector<napi_value> arguments = {array};
    if (failure) arguments.push_back(environment.makeError(env, failure->code, failure->message));
    environment.notify(listener_, arguments);
    if (last) environment.unlisten(env, listener_);
  }

  const std::shared_ptr<Port> port_;
  const uint64_t listener_;
  const Conversion convert_;
  std::mutex mutex_;
  bool posted_ = false;
  std::vector<Event> waiting_;
  FailureRef failure_;
  bool last_ = false;
};

}  // namespace gptorch
