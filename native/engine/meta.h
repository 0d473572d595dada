#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace gptorch {

using Shape = std::vector<int64_t>;

/// What is known of a tensor before it is computed.
struct Meta {
  Shape shape;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t numel() const;
  int64_t bytes() const { return numel() * static_cast<int64_t>(c10::elementSize(dtype)); }
  bool isFloating() const { return at::isFloatingType(dtype); }
  bool operator==(const Meta& other) const = default;

  static Meta of(const at::Tensor& tensor);
};

/// "(2, 3, 4)"
std::string toString(const Shape& shape);
/// "float32 (2, 3) on cpu"
std::string toString(const Meta& meta);
/// "float32"; the names that TypeScript uses
std::string dtypeName(at::ScalarType dtype);

at::ScalarType parseDtype(const std::string& name);
at::Device parseDevice(const std::string& name);

/// A dimension counted from the end when negative; throws ArgumentError when out of range.
int64_t normalizeDimension(int64_t dimension, int64_t rank, const std::string& what);

/// The shape that NumPy's broadcasting rules give; throws ArgumentError when they do not fit.
Shape broadcast(const Shape& a, const Shape& b, const std::string& what);

}  // namespace gptorch
