#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gptorch {

/// Token ids in a memory-mapped file: uint16 or uint32, little-endian.
class TokenFile {
 public:
  enum class Width { Two = 2, Four = 4 };

  TokenFile(const std::string& path, Width width, size_t offset, size_t count);
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  ~TokenFile();

  size_t count() const { return count_; }
  /// Copies `count` ids from place `first` on.
  void read(size_t first, size_t count, int64_t* into) const;

 private:
  void* mapping_ = nullptr;
  size_t mappedBytes_ = 0;
  const unsigned char* tokens_ = nullptr;
  Width width_;
  size_t count_;
};

}  // namespace gptorch
