#include "fake_node.h"

#include <deque>
#include <mutex>
#include <utility>

namespace {

/// What Node keeps for a thread-safe function.
struct Function {
  napi_threadsafe_function_call_js deliver = nullptr;
  bool keepsAlive = true;
  bool refuses = false;
  /// Not guarded: a call must not meet a release.
  bool released = false;
  size_t callsAfterRelease = 0;
  std::string thrown;

  std::mutex mutex;
  std::deque<void*> calls;

  std::deque<void*> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(calls, {});
  }
};

Function function;

// Never looked into.
napi_env environment() { return reinterpret_cast<napi_env>(&function); }

}  // namespace

namespace gptorch::test {

FakeNode::FakeNode() {
  function.keepsAlive = true;
  function.refuses = function.released = false;
  function.callsAfterRelease = 0;
  function.thrown.clear();
}

FakeNode::~FakeNode() { tearDown(); }

napi_env FakeNode::env() const { return environment(); }

size_t FakeNode::runEventLoop() {
  const std::deque<void*> calls = function.take();
  for (void* call : calls) function.deliver(environment(), nullptr, nullptr, call);
  return calls.size();
}

void FakeNode::tearDown() {
  for (void* call : function.take()) function.deliver(nullptr, nullptr, nullptr, call);
}

bool FakeNode::keepsAlive() const { return function.keepsAlive; }
void FakeNode::refuseCalls() { function.refuses = true; }
size_t FakeNode::callsAfterRelease() const { return function.callsAfterRelease; }
const std::string& FakeNode::thrown() const { return function.thrown; }

}  // namespace gptorch::test

// In the order of node_api.h.
napi_status NAPI_CDECL napi_create_string_utf8(napi_env, const char*, size_t, napi_value*) { return napi_ok; }

napi_status NAPI_CDECL napi_create_threadsafe_function(napi_env, napi_value, napi_value, napi_value, size_t, size_t,
                                                       void*, napi_finalize, void*,
                                                       napi_threadsafe_function_call_js deliver,
                                                       napi_threadsafe_function* result) {
  function.deliver = deliver;
  *result = reinterpret_cast<napi_threadsafe_function>(&function);
  return napi_ok;
}

napi_status NAPI_CDECL napi_call_threadsafe_function(napi_threadsafe_function, void* data,
                                                     napi_threadsafe_function_call_mode) {
  if (function.released) ++function.callsAfterRelease;
  if (function.refuses) return napi_closing;
  const std::lock_guard lock(function.mutex);
  function.calls.push_back(data);
  return napi_ok;
}

napi_status NAPI_CDECL napi_release_threadsafe_function(napi_threadsafe_function,
                                                        napi_threadsafe_function_release_mode) {
  function.released = true;
  return napi_ok;
}

napi_status NAPI_CDECL napi_ref_threadsafe_function(node_api_basic_env, napi_threadsafe_function) {
  function.keepsAlive = true;
  return napi_ok;
}

napi_status NAPI_CDECL napi_unref_threadsafe_function(node_api_basic_env, napi_threadsafe_function) {
  function.keepsAlive = false;
  return napi_ok;
}

napi_status NAPI_CDECL napi_throw_error(napi_env, const char*, const char* message) {
  function.thrown = message;
  return napi_ok;
}
