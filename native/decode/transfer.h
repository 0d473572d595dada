#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace gptorch {

/// Numbers that a step has for a device: they are collected, and go up by one copy that nobody waits for.
class Upload {
 public:
  /// Where the numbers lie among all.
  struct Part {
    int64_t first = 0, count = 0;
  };

  Part add(std::span<const int64_t> numbers);
  Part add(std::span<const double> numbers);

  void send(const at::Device& device);

  // After `send`.

  at::Tensor integers(const Part& part) const;  // (count) int64
  at::Tensor doubles(const Part& part) const;   // (count) float64

 private:
  /// Doubles by their bits.
  std::vector<int64_t> numbers_;
  at::Tensor sent_;
};

/// Values of a device in main memory, by one copy: each flattened, as doubles, which hold token ids and float32
/// exactly. Waits for the device.
std::vector<std::vector<double>> readTogether(std::span<const at::Tensor> values);

}  // namespace gptorch
