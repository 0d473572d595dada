#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

#include "distributed/communicator.h"

namespace gptorch {

/// Adds up the parameters' gradients over all ranks, in buckets of at most `bucketBytes` (a larger parameter has one of
/// its own). Where no rank has a gradient there is none afterwards; where some have, the others count as zero.
void reduceGradients(Communicator& communicator, const std::vector<at::Tensor>& parameters, size_t bucketBytes);

}  // namespace gptorch
