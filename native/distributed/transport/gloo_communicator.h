#pragma once

#include <memory>

#include "distributed/communicator.h"
#include "distributed/transport/meeting.h"

namespace gptorch {

/// Collectives in main memory, by the gloo that is inside libtorch.
std::unique_ptr<Communicator> makeGlooCommunicator(const GroupOptions& options, Meeting meeting,
                                                   std::shared_ptr<Cancellation> cancellation);

}  // namespace gptorch
