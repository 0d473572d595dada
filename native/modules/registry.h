#pragma once

#include <memory>
#include <string>

#include "modules/module_state.h"

namespace gptorch {

/// Makes the description of a module by its class name; throws ArgumentError for wrong options.
std::shared_ptr<ModuleState> makeModule(const std::string& name, const Options& options);

}  // namespace gptorch
