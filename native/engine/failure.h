#pragma once

#include <exception>
#include <memory>
#include <string>

#include "engine/error.h"

namespace gptorch {

/// One operation that failed on the engine thread. Everything that depends on its result shares it.
struct Failure {
  ErrorCode code;
  std::string message;
  /// Set once somebody who awaited a dependant value was told.
  bool observed = false;
};
using FailureRef = std::shared_ptr<Failure>;

/// What an exception on the engine thread means to programs and people.
/// @param call what the user called, which torch's messages do not say; it was made long before somebody is told
FailureRef failureOf(const std::exception_ptr& thrown, const std::string& call = {});

}  // namespace gptorch
