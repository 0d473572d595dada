#pragma once

#include <napi.h>

#include <string>

#include "engine/arguments.h"

namespace gptorch {

/// Takes a call's arguments out of JavaScript, from the `first` on.
Arguments takeArguments(const std::string& function, const Napi::CallbackInfo& info, size_t first);

/// Takes a flat object of settings.
Options takeOptions(const std::string& owner, const Napi::Value& value);

}  // namespace gptorch
