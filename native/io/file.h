#pragma once

#include <cstddef>
#include <string>

namespace gptorch {

/// An open file; closed with the object. Every failure throws with the path and the system's reason.
class File {
 public:
  static File openForReading(const std::string& path);
  /// Fails where the path exists.
  static File create(const std::string& path);

  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  ~File();

  size_t size() const;
  int descriptor() const { return descriptor_; }
  void write(const void* data, size_t bytes);
  void readAt(void* data, size_t bytes, size_t offset) const;
  /// Returns once the bytes are on the disk.
  void sync();

 private:
  File(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  [[noreturn]] void fail(const char* action) const;

  std::string path_;
  int descriptor_;
};

/// Puts `temporary` in the place of `path`; after a crash at any moment one of the two is there, whole.
void replaceFile(const std::string& temporary, const std::string& path);

}  // namespace gptorch
