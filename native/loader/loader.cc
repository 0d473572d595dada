// Opens the chosen libtorch for the whole process, before gptorch.node, which names no folder, is loaded.
// Node's own process.dlopen cannot do it: it closes a library that is not an addon.

#include <dlfcn.h>
#include <napi.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

namespace gptorch {
namespace {

/// What this process has opened. Two libtorch in one process would share names and corrupt each other.
struct Opened {
  std::mutex mutex;
  std::vector<std::string> paths;
};

Opened& opened() {
  static Opened instance;
  return instance;
}

std::vector<std::string> readPaths(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsArray()) {
    throw Napi::TypeError::New(info.Env(), "open(paths): paths must be an array of strings");
  }
  const auto array = info[0].As<Napi::Array>();
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value path = array.Get(i);
    if (!path.IsString()) throw Napi::TypeError::New(info.Env(), "open(paths): paths must be an array of strings");
    paths.push_back(path.As<Napi::String>());
  }
  return paths;
}

/// By default an OpenMP thread that waits spins for milliseconds. Where the cores are shared it then keeps the very
/// thread that it waits for from running: training beside one busy process took 2 to 4 times as long. A short spin
/// still catches what follows at once. Read by libgomp when it is opened; the user's own setting stays.
void shortenSpinning() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "1000", 0);
}

/// open(paths): opens each library, in order, with its symbols visible to later ones, and keeps it open.
void open(const Napi::CallbackInfo& info) {
  const auto paths = readPaths(info);
  auto& done = opened();
  const std::lock_guard lock(done.mutex);
  if (!done.paths.empty() && done.paths != paths) {
    throw Napi::Error::New(info.Env(), "this process has already opened another libtorch: " + done.paths.back());
  }
  shortenSpinning();
  for (const auto& path : paths) {
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) continue;
    const char* reason = dlerror();
    throw Napi::Error::New(info.Env(), "cannot open " + path + ": " + (reason ? reason : "unknown reason"));
  }
  done.paths = paths;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("open", Napi::Function::New(env, open, "open"));
  return exports;
}

}  // namespace

NODE_API_MODULE(gptorch_loader, init)

}  // namespace gptorch
