#pragma once

#include <c10/util/intrusive_ptr.h>

#include <memory>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "distributed/communicator.h"
#include "distributed/transport/peers.h"

namespace gptorch {

/// What all ranks know once they have found each other.
struct Meeting {
  c10::intrusive_ptr<c10d::Store> store;
  Peers peers;
};

/// Finds the other ranks through a store that rank 0 keeps (c10d's TCPStore).
/// Throws Error(ProcessGroup): a port that is taken, a rank that does not come, two with one rank, another world size.
Meeting meet(const GroupOptions& options, Cancellation& cancellation);

}  // namespace gptorch
