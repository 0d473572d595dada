// Opens the chosen libtorch for the whole process, before gptorch.node, which names no folder, is loaded.
// Node's own process.dlopen cannot do it: it closes a library that is not an addon.

#include <dlfcn.h>
#include <link.h>
#include <napi.h>
#include <sys/stat.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gptorch {
namespace {

constexpr const char* kOperators = "libgptorch_ops.so";

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
  if (!done.paths.empty()) return;
  shortenSpinning();
  for (const auto& path : paths) {
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) continue;
    const char* reason = dlerror();
    throw Napi::Error::New(info.Env(), "cannot open " + path + ": " + (reason ? reason : "unknown reason"));
  }
  done.paths = paths;
}

/// Folder and name of a file. (std::filesystem would need a newer libstdc++ than libtorch does.)
std::pair<std::string, std::string> split(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

/// The folder of this very library.
std::string ownFolder() {
  static const int here = 0;
  Dl_info found{};
  if (dladdr(&here, &found) == 0 || found.dli_fname == nullptr) return {};
  return split(found.dli_fname).first;
}

/// What is looked for among the process's libraries: operators of ours in another file than `own`.
struct Search {
  struct stat own{};
  std::string other;
};

int visit(struct dl_phdr_info* library, size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  const auto [folder, name] = split(library->dlpi_name);
  struct stat file{};
  if (name != kOperators || stat(library->dlpi_name, &file) != 0) return 0;
  if (file.st_dev == search.own.st_dev && file.st_ino == search.own.st_ino) return 0;
  search.other = folder;
  return 1;
}

/// otherCopy(): the folder from which another copy of gptorch was loaded into this process, or undefined. Its operators
/// have the same names, and libtorch aborts the process when a name is registered twice.
Napi::Value otherCopy(const Napi::CallbackInfo& info) {
  Search search;
  stat((ownFolder() + "/" + kOperators).c_str(), &search.own);
  dl_iterate_phdr(visit, &search);
  if (search.other.empty()) return info.Env().Undefined();
  return Napi::String::New(info.Env(), search.other);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("otherCopy", Napi::Function::New(env, otherCopy, "otherCopy"));
  return exports;
}

}  // namespace

NODE_API_MODULE(gptorch_loader, init)

}  // namespace gptorch
