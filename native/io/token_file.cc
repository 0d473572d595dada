#include "io/token_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "engine/error.h"
#include "io/file.h"

namespace gptorch {

namespace {

template <typename T>
void widen(const unsigned char* tokens, size_t first, size_t count, int64_t* into) {
  const unsigned char* from = tokens + first * sizeof(T);
  for (size_t i = 0; i < count; ++i) {
    T token;
    std::memcpy(&token, from + i * sizeof(T), sizeof(T));
    into[i] = static_cast<int64_t>(token);
  }
}

}  // namespace

TokenFile::TokenFile(const std::string& path, Width width, size_t offset, size_t count) : width_(width), count_(count) {
  const File file = File::openForReading(path);
  const size_t bytes = file.size(), each = static_cast<size_t>(width);
  // Divided, not multiplied: a product could wrap around and look small.
  if (offset > bytes || count > (bytes - offset) / each) {
    throw ArgumentError(path + " has " + std::to_string(bytes) + " bytes; " + std::to_string(count) + " tokens of " +
                        std::to_string(each) + " bytes from byte " + std::to_string(offset) + " on pass its end");
  }
  const size_t needed = offset + count * each;
  if (needed == 0) return;
  mapping_ = ::mmap(nullptr, needed, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (mapping_ == MAP_FAILED) {
    throw std::runtime_error("cannot map " + path + ": " + std::strerror(errno));
  }
  mappedBytes_ = needed;
  tokens_ = static_cast<const unsigned char*>(mapping_) + offset;
}

TokenFile::~TokenFile() {
  if (mappedBytes_ > 0) ::munmap(mapping_, mappedBytes_);
}

void TokenFile::read(size_t first, size_t count, int64_t* into) const {
  if (width_ == Width::Two) {
    widen<uint16_t>(tokens_, first, count, into);
  } else {
    widen<uint32_t>(tokens_, first, count, into);
  }
}

}  // namespace gptorch
