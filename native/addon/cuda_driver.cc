#include "addon/cuda_driver.h"

#include <dlfcn.h>

namespace gptorch {

namespace {

/// The few functions of cuda.h that are needed; its header is not there on a machine without CUDA.
struct DriverLibrary {
  using Init = int (*)(unsigned int flags);
  using GetNumber = int (*)(int* number);
  using GetName = int (*)(char* name, int length, int device);
  using GetErrorText = int (*)(int code, const char** text);

  Init init;
  GetNumber version, deviceCount;
  GetName deviceName;
  GetErrorText errorText;

  explicit DriverLibrary(void* library)
      : init(reinterpret_cast<Init>(dlsym(library, "cuInit"))),
        version(reinterpret_cast<GetNumber>(dlsym(library, "cuDriverGetVersion"))),
        deviceCount(reinterpret_cast<GetNumber>(dlsym(library, "cuDeviceGetCount"))),
        deviceName(reinterpret_cast<GetName>(dlsym(library, "cuDeviceGetName"))),
        errorText(reinterpret_cast<GetErrorText>(dlsym(library, "cuGetErrorString"))) {}

  bool isComplete() const { return init && version && deviceCount && deviceName && errorText; }

  std::string explain(int code) const {
    const char* text = nullptr;
    const bool known = errorText(code, &text) == 0 && text != nullptr;
    return std::string(known ? text : "unknown error") + " (" + std::to_string(code) + ")";
  }
};

}  // namespace

CudaDriver askCudaDriver() {
  // Kept open: the driver has threads of its own.
  void* const opened = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    const char* reason = dlerror();
    return {.version = {}, .devices = {}, .problem = reason ? reason : "libcuda.so.1 does not open"};
  }
  const DriverLibrary driver(opened);
  if (!driver.isComplete()) return {.version = {}, .devices = {}, .problem = "libcuda.so.1 lacks functions"};

  CudaDriver answer;
  int version = 0;
  if (driver.version(&version) == 0) answer.version = version;
  int count = 0;
  int code = driver.init(0);
  if (code == 0) code = driver.deviceCount(&count);
  constexpr int kNoDevice = 100;
  if (code != 0 && code != kNoDevice) answer.problem = driver.explain(code);
  for (int device = 0; code == 0 && device < count; ++device) {
    char name[256] = {};
    answer.devices.emplace_back(driver.deviceName(name, sizeof(name), device) == 0 ? name : "unknown");
  }
  return answer;
}

}  // namespace gptorch
