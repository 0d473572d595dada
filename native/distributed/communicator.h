#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "distributed/cancellation.h"

namespace gptorch {

/// Who meets whom, and where.
struct GroupOptions {
  int rank = 0;
  int size = 1;
  /// Where rank 0 listens.
  std::string address;
  uint16_t port = 0;
  /// Somebody else (torchrun) listens there already.
  bool storeIsRunning = false;
  /// Groups of one store are told apart by it.
  std::string name;
  /// Where the tensors lie: gloo on the CPU, NCCL on CUDA.
  at::Device device = at::kCPU;
  std::chrono::milliseconds joinTimeout{0};
  /// How long a collective waits for the other ranks.
  std::chrono::milliseconds timeout{0};
};

/// Collectives of one group, on the engine's thread. Every rank makes the same calls in the same order.
///
/// The addon knows this interface alone; what implements it is libgptorch_distributed, opened when the first group is
/// joined: a libtorch without c10d still serves everything else.
/// All throw Error(ProcessGroup), which names this rank and the one that is missing.
class Communicator {
 public:
  virtual ~Communicator() = default;
  /// The sum over all ranks, in place.
  virtual void allReduce(at::Tensor& tensor) = 0;
  /// The root's values, in place.
  virtual void broadcast(at::Tensor& tensor, int root) = 0;
  /// into (size, …): every rank's tensor, in the order of the ranks.
  virtual void allGather(at::Tensor& into, at::Tensor& tensor) = 0;
};

/// `gptorch_connect`, which libgptorch_distributed exports: meets the other ranks. The caller owns the result.
using Connect = Communicator* (*)(const GroupOptions& options, const std::shared_ptr<Cancellation>& cancellation);
inline constexpr const char* kConnectName = "gptorch_connect";

}  // namespace gptorch
