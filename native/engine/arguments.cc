#include "engine/arguments.h"

#include <cmath>

#include "engine/dropout_key.h"

namespace gptorch {

namespace {

constexpr double kLargestInteger = 9007199254740991.0;  // 2^53 - 1, JavaScript's Number.MAX_SAFE_INTEGER

bool isInteger(double value) { return std::trunc(value) == value && std::abs(value) <= kLargestInteger; }

const char* describe(const Argument& argument) {
  static constexpr const char* kNames[] = {
      "nothing",           "a boolean", "a number",     "a string",  "numbers", "a typed array",  "a tensor",
      "a list of tensors", "a module",  "a token file", "an object", "strings", "a process group"};
  return kNames[argument.index()];
}

std::string text(double value) {
  std::string result = isInteger(value) ? std::to_string(static_cast<int64_t>(value)) : std::to_string(value);
  return result;
}

}  // namespace

const Argument& Arguments::at(size_t index) const {
  static const Argument missing;
  return index < values_.size() ? values_[index] : missing;
}

void Arguments::fail(const std::string& message) const { throw ArgumentError(function_ + ": " + message); }

void Arguments::mismatch(const char* name, const char* expected, size_t index) const {
  fail(std::string(name) + " must be " + expected + ", not " + describe(at(index)));
}

SlotRef Arguments::tensor(size_t index, const char* name) const {
  const auto* slot = std::get_if<SlotRef>(&at(index));
  if (slot == nullptr) mismatch(name, "a tensor", index);
  return *slot;
}

SlotRef Arguments::optionalTensor(size_t index, const char* name) const {
  return isMissing(index) ? nullptr : tensor(index, name);
}

SlotRef Arguments::floating(size_t index, const char* name) const {
  SlotRef slot = tensor(index, name);
  if (!slot->meta.isFloating()) {
    fail(std::string(name) + " must have a floating dtype, not " + dtypeName(slot->meta.dtype));
  }
  return slot;
}

SlotRef Arguments::indices(size_t index, const char* name) const {
  SlotRef slot = tensor(index, name);
  if (slot->meta.dtype != at::kLong) {
    fail(std::string(name) + " must have dtype int64, not " + dtypeName(slot->meta.dtype));
  }
  return slot;
}

const TensorList& Arguments::tensors(size_t index, const char* name) const {
  const auto* list = std::get_if<std::shared_ptr<TensorList>>(&at(index));
  if (list == nullptr) mismatch(name, "a list of tensors", index);
  return **list;
}

std::shared_ptr<ModuleState> Arguments::module(size_t index) const {
  const auto* module = std::get_if<std::shared_ptr<ModuleState>>(&at(index));
  if (module == nullptr) mismatch("module", "a module", index);
  return *module;
}

std::shared_ptr<TokenFile> Arguments::tokenFile(size_t index) const {
  const auto* file = std::get_if<std::shared_ptr<TokenFile>>(&at(index));
  if (file == nullptr) mismatch("file", "a token file", index);
  return *file;
}

std::shared_ptr<ProcessGroup> Arguments::processGroup(size_t index) const {
  const auto* group = std::get_if<std::shared_ptr<ProcessGroup>>(&at(index));
  if (group == nullptr) mismatch("group", "a process group", index);
  return *group;
}

Bytes Arguments::bytes(size_t index, const char* name) const {
  const auto* bytes = std::get_if<Bytes>(&at(index));
  if (bytes == nullptr) mismatch(name, "a typed array", index);
  return *bytes;
}

bool Arguments::isTensor(size_t index) const { return std::holds_alternative<SlotRef>(at(index)); }

bool Arguments::isMissing(size_t index) const { return std::holds_alternative<std::monostate>(at(index)); }

double Arguments::number(size_t index, const char* name) const {
  const auto* value = std::get_if<double>(&at(index));
  if (value == nullptr) mismatch(name, "a number", index);
  return *value;
}

double Arguments::numberWithin(size_t index, const char* name, double low, double high) const {
  const double value = number(index, name);
  if (!(value >= low && value <= high)) {
    fail(std::string(name) + " must be within " + text(low) + " and " + text(high) + ", not " + text(value));
  }
  return value;
}

std::optional<double> Arguments::optionalNumber(size_t index, const char* name) const {
  if (isMissing(index)) return std::nullopt;
  return number(index, name);
}

int64_t Arguments::integer(size_t index, const char* name) const {
  const double value = number(index, name);
  if (!isInteger(value)) fail(std::string(name) + " must be a whole number, not " + text(value));
  return static_cast<int64_t>(value);
}

bool Arguments::boolean(size_t index, const char* name) const {
  const auto* value = std::get_if<bool>(&at(index));
  if (value == nullptr) mismatch(name, "a boolean", index);
  return *value;
}

std::string Arguments::string(size_t index, const char* name) const {
  const auto* value = std::get_if<std::string>(&at(index));
  if (value == nullptr) mismatch(name, "a string", index);
  return *value;
}

std::vector<int64_t> Arguments::integers(size_t index, const char* name) const {
  const auto* values = std::get_if<std::vector<double>>(&at(index));
  if (values == nullptr) mismatch(name, "an array of whole numbers", index);
  std::vector<int64_t> result;
  result.reserve(values->size());
  for (const double value : *values) {
    if (!isInteger(value)) fail(std::string(name) + " must hold whole numbers, not " + text(value));
    result.push_back(static_cast<int64_t>(value));
  }
  return result;
}

std::vector<std::string> Arguments::strings(size_t index, const char* name) const {
  const auto* values = std::get_if<std::vector<std::string>>(&at(index));
  if (values == nullptr) mismatch(name, "strings", index);
  return *values;
}

RandomKey Arguments::randomKey(size_t index, const char* name) const {
  if (replayKey_) fail("draws random numbers, which inside engine.capture only dropout can");
  return key(index, name);
}

DropoutKey Arguments::dropoutKey(size_t index, const char* name) const {
  const RandomKey own = key(index, name);
  return replayKey_ ? DropoutKey(replayKey_, own.ordinal) : DropoutKey(own);
}

RandomKey Arguments::key(size_t index, const char* name) const {
  const std::vector<int64_t> parts = integers(index, name);
  if (parts.size() != 3) fail(std::string(name) + " must be [seed, step, ordinal]");
  return {parts[0], parts[1], parts[2]};
}

const Argument& Options::at(const char* name) const {
  static const Argument missing;
  const auto entry = values_.find(name);
  return entry == values_.end() ? missing : entry->second;
}

double Options::number(const char* name) const {
  const auto* value = std::get_if<double>(&at(name));
  if (value == nullptr) throw ArgumentError(owner_ + ": " + name + " must be a number");
  return *value;
}

int64_t Options::size(const char* name) const {
  const double value = number(name);
  if (!isInteger(value) || value < 1) {
    throw ArgumentError(owner_ + ": " + name + " must be a whole number of at least 1, not " + text(value));
  }
  return static_cast<int64_t>(value);
}

std::optional<int64_t> Options::optionalSize(const char* name) const {
  if (std::holds_alternative<std::monostate>(at(name))) return std::nullopt;
  return size(name);
}

double Options::dropout(const char* name) const {
  const double p = number(name);
  if (!(p >= 0 && p < 1)) {
    throw ArgumentError(owner_ + ": " + name + " must be at least 0 and below 1, not " + std::to_string(p));
  }
  return p;
}

bool Options::boolean(const char* name) const {
  const auto* value = std::get_if<bool>(&at(name));
  if (value == nullptr) throw ArgumentError(owner_ + ": " + name + " must be true or false");
  return *value;
}

std::string Options::string(const char* name) const {
  const auto* value = std::get_if<std::string>(&at(name));
  if (value == nullptr) throw ArgumentError(owner_ + ": " + name + " must be a string");
  return *value;
}

}  // namespace gptorch
