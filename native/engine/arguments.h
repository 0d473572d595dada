#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/cell.h"

namespace gptorch {

class DropoutKey;
class ModuleState;
class ProcessGroup;
class TokenFile;
struct ReplayKey;

/// Parameters, gradients' holders or moments that travel together through optimizer calls.
struct TensorList {
  std::vector<SlotRef> slots;
};

/// Bytes copied out of a JavaScript typed array when the call was made.
using Bytes = std::shared_ptr<std::vector<uint8_t>>;

struct Argument;
using ArgumentMap = std::map<std::string, Argument>;

/// One argument of a call as it came from JavaScript; free of Node-API, so that functions and modules are too.
struct Argument : std::variant<std::monostate, bool, double, std::string, std::vector<double>, Bytes, SlotRef,
                               std::shared_ptr<TensorList>, std::shared_ptr<ModuleState>, std::shared_ptr<TokenFile>,
                               std::shared_ptr<ArgumentMap>, std::vector<std::string>, std::shared_ptr<ProcessGroup>> {
  using variant::variant;
};

/// The key of one random draw: Philox is keyed by the seed and counts from (step, ordinal), so the numbers
/// depend on nothing that was drawn before.
struct RandomKey {
  int64_t seed = 0;
  int64_t step = 0;
  int64_t ordinal = 0;

  /// The key of the i-th draw inside one operation.
  RandomKey at(int64_t i) const { return {seed, step, ordinal + i}; }
};

/// Reads a call's arguments by place, with errors that name the function, the argument and what came.
class Arguments {
 public:
  /// @param replayKey what dropouts draw from where the call is being recorded; null otherwise
  Arguments(std::string function, std::vector<Argument> values, std::shared_ptr<ReplayKey> replayKey = nullptr)
      : function_(std::move(function)), values_(std::move(values)), replayKey_(std::move(replayKey)) {}

  const std::string& function() const { return function_; }

  SlotRef tensor(size_t index, const char* name) const;
  SlotRef optionalTensor(size_t index, const char* name) const;
  /// A tensor of a floating dtype.
  SlotRef floating(size_t index, const char* name) const;
  /// A tensor of int64, as token ids and indices are.
  SlotRef indices(size_t index, const char* name) const;
  const TensorList& tensors(size_t index, const char* name) const;
  std::shared_ptr<ModuleState> module(size_t index) const;
  std::shared_ptr<TokenFile> tokenFile(size_t index) const;
  std::shared_ptr<ProcessGroup> processGroup(size_t index) const;
  Bytes bytes(size_t index, const char* name) const;

  bool isTensor(size_t index) const;
  bool isMissing(size_t index) const;
  double number(size_t index, const char* name) const;
  double numberWithin(size_t index, const char* name, double low, double high) const;
  std::optional<double> optionalNumber(size_t index, const char* name) const;
  int64_t integer(size_t index, const char* name) const;
  bool boolean(size_t index, const char* name) const;
  std::string string(size_t index, const char* name) const;
  std::vector<int64_t> integers(size_t index, const char* name) const;
  std::vector<std::string> strings(size_t index, const char* name) const;
  /// [seed, step, ordinal]; refused where the call is being recorded, for a replay would draw the same again.
  RandomKey randomKey(size_t index, const char* name) const;
  /// [seed, step, ordinal] of a dropout, which each replay of a recording draws anew.
  DropoutKey dropoutKey(size_t index, const char* name) const;

  /// Throws ArgumentError: "function: message".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  const Argument& at(size_t index) const;
  RandomKey key(size_t index, const char* name) const;
  [[noreturn]] void mismatch(const char* name, const char* expected, size_t index) const;

  std::string function_;
  std::vector<Argument> values_;
  std::shared_ptr<ReplayKey> replayKey_;
};

/// A flat set of named settings, as module constructors take.
class Options {
 public:
  Options(std::string owner, ArgumentMap values) : owner_(std::move(owner)), values_(std::move(values)) {}

  int64_t size(const char* name) const;
  double number(const char* name) const;
  /// A dropout probability in [0, 1).
  double dropout(const char* name) const;
  bool boolean(const char* name) const;
  std::string string(const char* name) const;
  std::optional<int64_t> optionalSize(const char* name) const;
  const std::string& owner() const { return owner_; }

 private:
  const Argument& at(const char* name) const;

  std::string owner_;
  ArgumentMap values_;
};

}  // namespace gptorch
