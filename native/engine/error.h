#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace gptorch {

/// What went wrong, as programs see it; each code has its class in lib/errors.ts.
enum class ErrorCode {
  Argument,
  Input,
  Disposed,
  Engine,
  QueueFull,
  DecoderFull,
  DecoderTimeout,
  OutOfMemory,
  ProcessGroup,
  Device,
  DeviceLost
};

/// The `code` that JavaScript sees.
const char* toString(ErrorCode code);

/// Thrown on the JavaScript thread before any effect (argument checks, back-pressure),
/// or on the engine thread by an operation that explains its own failure.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// A wrong argument; the message names it and gives the numbers.
class ArgumentError : public Error {
 public:
  explicit ArgumentError(const std::string& message) : Error(ErrorCode::Argument, message) {}
};

}  // namespace gptorch
