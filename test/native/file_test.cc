#include "io/file.h"

#include <filesystem>

#include "check.h"
#include "engine/error.h"
#include "temporary_folder.h"

namespace gptorch::test {

namespace {

std::string contentOf(const std::string& path) {
  const File file = File::openForReading(path);
  std::string text(file.size(), ' ');
  file.readAt(text.data(), text.size(), 0);
  return text;
}

void takesAFilesPlaceOnceItIsWhole() {
  const TemporaryFolder folder;
  const std::string path = folder.write("model", {'o', 'l', 'd'}), temporary = folder.file("model.tmp");
  {
    ReplacementFile file(temporary, path);
    file.write("???, ", 5);
    file.write("two", 3);
    file.write(nullptr, 0);
    file.writeAt("one,", 4, 0);
    checkEqual(contentOf(path), "old");
    file.commit();
  }
  checkEqual(contentOf(path), "one, two");
  check(!std::filesystem::exists(temporary), "the temporary name is gone");
}

void leavesNothingWhereItIsNotCommitted() {
  const TemporaryFolder folder;
  const std::string path = folder.write("model", {'o', 'l', 'd'}), temporary = folder.file("model.tmp");
  ReplacementFile(temporary, path).write("new", 3);
  checkEqual(contentOf(path), "old");
  check(!std::filesystem::exists(temporary), "the temporary file is gone");
}

void neverWritesOverATemporaryFile() {
  const TemporaryFolder folder;
  const std::string temporary = folder.write("model.tmp", {'a'});
  checkThrows<std::runtime_error>([&] { ReplacementFile(temporary, folder.file("model")); }, "File exists");
  checkEqual(contentOf(temporary), "a");
}

void readsAnyPart() {
  const TemporaryFolder folder;
  const std::string path = folder.write("short", {'a', 'b', 'c', 'd', 'e'});
  const File file = File::openForReading(path);
  const File own = File::duplicate(file.descriptor(), path);
  char bytes[8];
  own.readAt(bytes, 3, 2);
  checkEqual(std::string(bytes, 3), "cde");
  file.readAt(bytes, 0, 5);
  checkThrows<Error>([&] { file.readAt(bytes, 8, 2); }, "ends 5 bytes too early");
  checkThrows<Error>([&] { file.readAt(bytes, 1, 1000); }, "ends 1 bytes too early");
  checkThrows<std::runtime_error>([&] { File::openForReading(folder.file("none")); }, "cannot open ");
}

}  // namespace

std::vector<Test> fileTests() {
  return {{"a file takes another's place once it is whole", takesAFilesPlaceOnceItIsWhole},
          {"a file that is not committed leaves nothing", leavesNothingWhereItIsNotCommitted},
          {"a temporary file is never written over", neverWritesOverATemporaryFile},
          {"any part of a file is read, and what is missing is told", readsAnyPart}};
}

}  // namespace gptorch::test
