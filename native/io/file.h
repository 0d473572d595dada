#pragma once

#include <cstddef>
#include <string>

namespace gptorch {

/// An open file; closed with the object. Every failure throws with the path and the system's reason.
class File {
 public:
  static File openForReading(const std::string& path);
  /// Its own descriptor of a file that is open for reading elsewhere; `path` is for messages.
  static File duplicate(int descriptor, const std::string& path);

  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  ~File();

  size_t size() const;
  int descriptor() const { return descriptor_; }
  /// Throws Error(Input) where the file ends before.
  void readAt(void* data, size_t bytes, size_t offset) const;

 protected:
  File(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  const std::string& path() const { return path_; }
  /// Throws with the path and errno's reason.
  [[noreturn]] void fail(const char* action) const;

 private:
  std::string path_;
  int descriptor_;
};

/// A file that takes the place of `path` once it is whole and on the disk: after a crash at any moment the old or the
/// new one is there. Until then it is `temporary`, which is removed where the writing fails.
class ReplacementFile : File {
 public:
  ReplacementFile(std::string temporary, const std::string& path);
  ReplacementFile(const ReplacementFile&) = delete;
  ~ReplacementFile();

  void write(const void* data, size_t bytes);
  /// Over what was written before.
  void writeAt(const void* data, size_t bytes, size_t offset);
  /// Flushes the file, renames it and flushes the folder: the name is data of the folder.
  void commit();

 private:
  std::string temporary_;
  bool committed_ = false;
};

}  // namespace gptorch
