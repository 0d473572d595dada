#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>

#include "engine/arguments.h"

namespace gptorch {

/// A torch generator whose numbers are a function of the key alone.
at::Generator generatorFor(const RandomKey& key, const at::Device& device);

/// The `index`-th number of a draw, in [0, 1): a function of key and index alone.
double uniform(const RandomKey& key, uint32_t index);

}  // namespace gptorch
