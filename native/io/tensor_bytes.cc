#include "io/tensor_bytes.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "io/xxh64.h"

namespace gptorch {

namespace {

constexpr size_t kPiece = size_t{1} << 20;
/// Pieces that are worth another thread.
constexpr int64_t kGrain = 2;

size_t pieceCount(size_t bytes) { return (bytes + kPiece - 1) / kPiece; }

std::string combine(const std::vector<uint64_t>& hashes) {
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx",
                static_cast<unsigned long long>(xxh64(hashes.data(), hashes.size() * sizeof(uint64_t))));
  return digits;
}

}  // namespace

std::string checksum(const at::Tensor& tensor) {
  const size_t bytes = tensor.nbytes();
  const char* data = static_cast<const char*>(tensor.const_data_ptr());
  std::vector<uint64_t> hashes(pieceCount(bytes));
  at::parallel_for(0, static_cast<int64_t>(hashes.size()), kGrain, [&](int64_t first, int64_t end) {
    for (int64_t piece = first; piece < end; ++piece) {
      const size_t begin = static_cast<size_t>(piece) * kPiece;
      hashes[piece] = xxh64(data + begin, std::min(kPiece, bytes - begin));
    }
  });
  return combine(hashes);
}

std::string readTensor(const File& file, size_t offset, at::ScalarType dtype, at::Tensor& into, bool wanted) {
  const bool inPlace = into.is_cpu() && into.is_contiguous();
  const at::Tensor host =
      inPlace ? into.detach().view({-1}) : at::empty({into.numel()}, at::TensorOptions().dtype(into.scalar_type()));
  const bool converts = host.scalar_type() != dtype;
  const auto width = static_cast<int64_t>(c10::elementSize(dtype));
  const size_t bytes = static_cast<size_t>(host.numel() * width);
  char* target = static_cast<char*>(host.mutable_data_ptr());

  std::vector<uint64_t> hashes(pieceCount(bytes));
  at::parallel_for(0, static_cast<int64_t>(hashes.size()), kGrain, [&](int64_t first, int64_t end) {
    std::vector<char> buffer(converts ? std::min(kPiece, bytes) : 0);
    for (int64_t piece = first; piece < end; ++piece) {
      const size_t begin = static_cast<size_t>(piece) * kPiece;
      const size_t size = std::min(kPiece, bytes - begin);
      char* data = converts ? buffer.data() : target + begin;
      file.readAt(data, size, offset + begin);
      if (wanted) hashes[piece] = xxh64(data, size);
      if (!converts) continue;
      const auto count = static_cast<int64_t>(size) / width;
      host.narrow(0, static_cast<int64_t>(begin) / width, count)
          .copy_(at::from_blob(data, {count}, at::TensorOptions().dtype(dtype)));
    }
  });
  if (inPlace) {
    into.unsafeGetTensorImpl()->bump_version();
  } else {
    into.copy_(host.view(into.sizes()));
  }
  return wanted ? combine(hashes) : std::string();
}

}  // namespace gptorch
