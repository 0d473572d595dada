#include "io/token_file.h"

#include <filesystem>

#include "check.h"
#include "engine/error.h"
#include "temporary_folder.h"

namespace gptorch::test {

namespace {

std::vector<int64_t> read(const TokenFile& file, size_t first, size_t count) {
  std::vector<int64_t> tokens(count);
  file.read(first, count, tokens.data());
  return tokens;
}

void readsBothWidths() {
  const TemporaryFolder folder;
  const std::string path = folder.write("tokens", {0x01, 0x02, 0xff, 0xff, 0x00, 0x80, 0xff, 0xff});
  check(read(TokenFile(path, TokenFile::Width::Two, 0, 4), 0, 4) == std::vector<int64_t>{0x201, 65535, 32768, 65535},
        "uint16, little-endian and never negative");
  check(read(TokenFile(path, TokenFile::Width::Four, 0, 2), 0, 2) == std::vector<int64_t>{0xffff0201, 0xffff8000},
        "uint32, little-endian and never negative");
}

/// Behind a header of odd length no token is aligned.
void readsToTheLastTokenBehindAHeader() {
  const TemporaryFolder folder;
  const std::string path = folder.write("tokens", {9, 9, 9, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0});
  const TokenFile file(path, TokenFile::Width::Four, 3, 3);
  check(read(file, 0, 3) == std::vector<int64_t>{1, 2, 3}, "all");
  check(read(file, 2, 1) == std::vector<int64_t>{3}, "the last");
  check(read(file, 3, 0).empty(), "none behind the last");
}

void refusesAFileThatIsTooShort() {
  const TemporaryFolder folder;
  const std::string path = folder.write("tokens", {1, 0, 2, 0, 3});
  checkThrows<ArgumentError>([&] { TokenFile(path, TokenFile::Width::Two, 0, 3); },
                             "has 5 bytes; 3 tokens of 2 bytes from byte 0 on pass its end");
  checkThrows<ArgumentError>([&] { TokenFile(path, TokenFile::Width::Two, 2, 2); },
                             "has 5 bytes; 2 tokens of 2 bytes from byte 2 on pass its end");
  checkEqual(TokenFile(path, TokenFile::Width::Two, 1, 2).count(), size_t{2});
}

void refusesCountsThatWrapAround() {
  const TemporaryFolder folder;
  const std::string path = folder.write("tokens", {1, 0, 2, 0});
  const size_t huge = SIZE_MAX / 2 + 1;  // times 2 is 0 in 64 bits
  checkThrows<ArgumentError>([&] { TokenFile(path, TokenFile::Width::Two, 0, huge); }, "pass its end");
  checkThrows<ArgumentError>([&] { TokenFile(path, TokenFile::Width::Two, SIZE_MAX, 1); }, "pass its end");
}

void namesAFileThatWasCutShort() {
  const TemporaryFolder folder;
  const std::string path = folder.write("tokens", {1, 0, 2, 0, 3, 0, 4, 0});
  const TokenFile file(path, TokenFile::Width::Two, 0, 4);
  std::filesystem::resize_file(path, 4);
  check(read(file, 0, 2) == std::vector<int64_t>{1, 2}, "what is left is read");
  checkThrows<Error>([&] { read(file, 2, 2); }, path);
}

void takesAnEmptyFile() {
  const TemporaryFolder folder;
  const TokenFile file(folder.write("tokens", {}), TokenFile::Width::Two, 0, 0);
  checkEqual(file.count(), size_t{0});
  check(read(file, 0, 0).empty(), "nothing to read");
}

void namesAFileThatIsMissing() {
  const TemporaryFolder folder;
  const std::string path = folder.file("none");
  checkThrows<std::runtime_error>([&] { TokenFile(path, TokenFile::Width::Two, 0, 1); }, "cannot open " + path);
}

}  // namespace

std::vector<Test> tokenFileTests() {
  return {{"a token file reads both widths", readsBothWidths},
          {"a token file reads to its last token, behind a header", readsToTheLastTokenBehindAHeader},
          {"a token file that is too short is refused", refusesAFileThatIsTooShort},
          {"a token file refuses counts that wrap around", refusesCountsThatWrapAround},
          {"a token file that was cut short is an error, not the end of the process", namesAFileThatWasCutShort},
          {"a token file may be empty", takesAnEmptyFile},
          {"a token file that is missing is named", namesAFileThatIsMissing}};
}

}  // namespace gptorch::test
