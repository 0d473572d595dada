#include "io/token_file.h"

#include <algorithm>
#include <vector>

#include "engine/error.h"

namespace gptorch {

namespace {

template <typename T>
void readAs(const File& file, size_t offset, size_t count, int64_t* into) {
  std::vector<T> tokens(count);
  file.readAt(tokens.data(), count * sizeof(T), offset);
  std::copy(tokens.begin(), tokens.end(), into);
}

}  // namespace

TokenFile::TokenFile(const std::string& path, Width width, size_t offset, size_t count)
    : file_(File::openForReading(path)), width_(width), offset_(offset), count_(count) {
  const size_t bytes = file_.size(), each = static_cast<size_t>(width);
  // Divided, not multiplied: a product could wrap around and look small.
  if (offset > bytes || count > (bytes - offset) / each) {
    throw ArgumentError(path + " has " + std::to_string(bytes) + " bytes; " + std::to_string(count) + " tokens of " +
                        std::to_string(each) + " bytes from byte " + std::to_string(offset) + " on pass its end");
  }
}

void TokenFile::read(size_t first, size_t count, int64_t* into) const {
  const size_t offset = offset_ + first * static_cast<size_t>(width_);
  if (width_ == Width::Two) {
    readAs<uint16_t>(file_, offset, count, into);
  } else {
    readAs<uint32_t>(file_, offset, count, into);
  }
}

}  // namespace gptorch
