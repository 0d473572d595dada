#pragma once

#include <ATen/core/Generator.h>

#include "engine/arguments.h"

namespace gptorch {

/// A torch generator whose numbers are a function of the key alone.
at::Generator generatorFor(const RandomKey& key, const at::Device& device);

}  // namespace gptorch
