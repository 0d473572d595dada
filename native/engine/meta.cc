#include "engine/meta.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/error.h"

namespace gptorch {

namespace {

constexpr std::array<std::pair<const char*, at::ScalarType>, 9> kDtypes = {{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"bfloat16", at::kBFloat16},
    {"float16", at::kHalf},
    {"int64", at::kLong},
    {"int32", at::kInt},
    {"int8", at::kChar},
    {"uint8", at::kByte},
    {"bool", at::kBool},
}};

}  // namespace

int64_t Meta::numel() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

Meta Meta::of(const at::Tensor& tensor) { return {tensor.sizes().vec(), tensor.scalar_type(), tensor.device()}; }

std::string toString(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

std::string dtypeName(at::ScalarType dtype) {
  for (const auto& [name, value] : kDtypes) {
    if (value == dtype) return name;
  }
  return c10::toString(dtype);
}

std::string toString(const Meta& meta) {
  return dtypeName(meta.dtype) + " " + toString(meta.shape) + " on " + meta.device.str();
}

at::ScalarType parseDtype(const std::string& name) {
  std::string known;
  for (const auto& [candidate, value] : kDtypes) {
    if (name == candidate) return value;
    known += (known.empty() ? "" : ", ") + std::string(candidate);
  }
  throw ArgumentError("unknown dtype '" + name + "'; known are " + known);
}

at::Device parseDevice(const std::string& name) {
  try {
    const at::Device device(name);
    // A result says which of the GPUs it is on; so must what is inferred.
    return device.is_cuda() && !device.has_index() ? at::Device(device.type(), 0) : device;
  } catch (const c10::Error&) {
    throw ArgumentError("unknown device '" + name + "'; it is cpu, cuda or cuda:N");
  }
}

int64_t normalizeDimension(int64_t dimension, int64_t rank, const std::string& what) {
  const int64_t normalized = dimension < 0 ? dimension + rank : dimension;
  if (normalized < 0 || normalized >= rank) {
    throw ArgumentError(what + ": dimension " + std::to_string(dimension) + " is outside a tensor of rank " +
                        std::to_string(rank));
  }
  return normalized;
}

Shape broadcast(const Shape& a, const Shape& b, const std::string& what) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {
    // counted from the last dimension, where the shapes are aligned
    const int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1) {
      throw ArgumentError(what + ": shapes " + toString(a) + " and " + toString(b) + " do not broadcast");
    }
    result[result.size() - 1 - i] = left == 1 ? right : left;
  }
  return result;
}

}  // namespace gptorch
