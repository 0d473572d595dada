#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>

#include "io/file.h"

namespace gptorch {

/// Checksum of a contiguous tensor in main memory, as 16 hexadecimal digits: XXH64 of the XXH64s (little-endian) of its
/// bytes in pieces of 1 MiB, so that threads share the work.
std::string checksum(const at::Tensor& tensor);

/// Fills a tensor from `offset` of a file where its values are of `dtype`, without a second copy in memory: read into
/// place, or converted piece by piece. Returns the checksum of what was read where it is `wanted`.
std::string readTensor(const File& file, size_t offset, at::ScalarType dtype, at::Tensor& into, bool wanted);

}  // namespace gptorch
