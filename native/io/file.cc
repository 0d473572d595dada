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

#include "engine/error.h"

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

File File::duplicate(int descriptor, const std::string& path) {
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) failWith(path, "open");
  return {path, own};
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

void File::readAt(void* data, size_t bytes, size_t offset) const {
  char* next = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t count = ::pread(descriptor_, next, std::min(bytes, kLargestTransfer), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read");
    if (count == 0) throw Error(ErrorCode::Input, path_ + " ends " + std::to_string(bytes) + " bytes too early");
    next += count;
    offset += static_cast<size_t>(count);
    bytes -= static_cast<size_t>(count);
  }
}

ReplacementFile::ReplacementFile(std::string temporary, const std::string& path)
    : File(path, ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)),
      temporary_(std::move(temporary)) {
  if (descriptor() < 0) fail("write");
}

ReplacementFile::~ReplacementFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void ReplacementFile::write(const void* data, size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(descriptor(), next, std::min(bytes, kLargestTransfer));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write");
    next += written;
    bytes -= static_cast<size_t>(written);
  }
}

void ReplacementFile::writeAt(const void* data, size_t bytes, size_t offset) {
  if (::lseek(descriptor(), static_cast<off_t>(offset), SEEK_SET) < 0) fail("write");
  write(data, bytes);
}

void ReplacementFile::commit() {
  if (::fsync(descriptor()) != 0) fail("write");
  if (std::rename(temporary_.c_str(), path().c_str()) != 0) fail("replace");
  committed_ = true;
  std::string folder = std::filesystem::path(path()).parent_path().string();
  if (folder.empty()) folder = ".";
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) failWith(folder, "open");
  const int result = ::fsync(handle);
  ::close(handle);
  if (result != 0) failWith(folder, "flush");
}

}  // namespace gptorch
