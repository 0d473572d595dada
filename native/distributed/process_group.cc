#include "distributed/process_group.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "engine/error.h"

namespace gptorch {

namespace {

#ifdef __APPLE__
constexpr const char* kLibrary = "libgptorch_distributed.dylib";
#else
constexpr const char* kLibrary = "libgptorch_distributed.so";
#endif

/// The folder of the addon, in which the library lies too.
std::string ownFolder() {
  static const int here = 0;
  Dl_info found{};
  if (dladdr(&here, &found) == 0 || found.dli_fname == nullptr) return ".";
  const std::string path = found.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Connect openLibrary() {
  const std::string path = ownFolder() + "/" + kLibrary;
  // Kept open: gloo's threads outlive a group that failed.
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const connect = library == nullptr ? nullptr : dlsym(library, kConnectName);
  if (connect != nullptr) return reinterpret_cast<Connect>(connect);
  const char* reason = dlerror();
  throw Error(ErrorCode::ProcessGroup, "training in several processes needs " + path +
                                           " and a libtorch with gloo: " + (reason ? reason : "unknown reason"));
}

void exitAtOnce(int status, void*) { _exit(status); }

}  // namespace

ProcessGroup::ProcessGroup(GroupOptions options) : options_(std::move(options)) {}

ProcessGroup::~ProcessGroup() = default;

void ProcessGroup::join() {
  if (communicator_) throw Error(ErrorCode::ProcessGroup, "the group was joined before");
  const Busy busy(*this);
  communicator_.reset(openLibrary()(options_, cancellation_));
}

void ProcessGroup::leave() { communicator_.reset(); }

void ProcessGroup::cancel() {
  // What was begun goes on on gloo's threads, and must not run into the destructors of libtorch's statics.
  if (busy_) on_exit(exitAtOnce, nullptr);
  cancellation_->cancel();
}

Communicator& ProcessGroup::joined() {
  if (!communicator_) throw Error(ErrorCode::ProcessGroup, "the group was left, or never joined");
  return *communicator_;
}

}  // namespace gptorch
