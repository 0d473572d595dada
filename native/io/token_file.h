#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/file.h"

namespace gptorch {

/// Token ids in a file: uint16 or uint32, little-endian. Read, not mapped: where a mapped file is cut short behind
/// one's back, the next touch ends the process with SIGBUS.
class TokenFile {
 public:
  enum class Width { Two = 2, Four = 4 };

  TokenFile(const std::string& path, Width width, size_t offset, size_t count);

  size_t count() const { return count_; }
  /// Copies `count` ids from place `first` on. Throws Error(Input) where the file has become shorter.
  void read(size_t first, size_t count, int64_t* into) const;

 private:
  File file_;
  Width width_;
  size_t offset_, count_;
};

}  // namespace gptorch
