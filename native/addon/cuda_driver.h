#pragma once

#include <optional>
#include <string>
#include <vector>

namespace gptorch {

/// What NVIDIA's driver says of itself, asked without libtorch: it is asked when libtorch finds no device.
struct CudaDriver {
  /// The newest CUDA that it runs, major · 1000 + minor · 10; none where there is no driver's library.
  std::optional<int> version;
  std::vector<std::string> devices;
  /// Why there is no library, or why the driver does not start.
  std::optional<std::string> problem;
};

CudaDriver askCudaDriver();

}  // namespace gptorch
