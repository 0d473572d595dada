#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace gptorch {

namespace {

/// Linux moves at most 2 GiB in one call.
constexpr size_t kLargestTransfer = size_t{1} << 30;

[[noreturn]] void failWith(const std::string& path, const char* action) {
  throw std::runtime_error("cannot " + std::string(action) + " " + path + ": " + std::strerror(errno));
}

}  // namespace

File File::openForReading(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) failWith(path, "open");
  return {path, descriptor};
}

File File::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) failWith(path, "create");
  return {path, descriptor};
}

File::File(File&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void File::fail(const char* action) const { failWith(path_, action); }

size_t File::size() const {
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0) fail("read the size of");
  return static_cast<size_t>(status.st_size);
}

void File::write(const void* data, size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor_, next, std::min(bytes, kLargestTransfer));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write");
    next += written;
    bytes -= static_cast<size_t>(written);
  }
}

void File::readAt(void* data, size_t bytes, size_t offset) const {
  char* next = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t count = ::pread(descriptor_, next, std::min(bytes, kLargestTransfer), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read");
    if (count == 0) throw std::runtime_error(path_ + " ends " + std::to_string(bytes) + " bytes too early");
    next += count;
    offset += static_cast<size_t>(count);
    bytes -= static_cast<size_t>(count);
  }
}

void File::sync() {
  if (::fsync(descriptor_) != 0) fail("flush");
}

void replaceFile(const std::string& temporary, const std::string& path) {
  if (std::rename(temporary.c_str(), path.c_str()) != 0) failWith(path, "replace");
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  // The name itself is data of the folder.
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) failWith(folder, "open");
  const int result = ::fsync(descriptor);
  ::close(descriptor);
  if (result != 0) failWith(folder, "flush");
}

}  // namespace gptorch
