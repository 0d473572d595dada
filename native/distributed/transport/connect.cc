#include "distributed/communicator.h"
#include "distributed/transport/gloo_communicator.h"
#include "distributed/transport/meeting.h"
#include "engine/error.h"

/// The library's one export: see communicator.h.
extern "C" __attribute__((visibility("default"))) gptorch::Communicator* gptorch_connect(
    const gptorch::GroupOptions& options, const std::shared_ptr<gptorch::Cancellation>& cancellation) {
  if (!options.device.is_cpu()) {
    throw gptorch::Error(gptorch::ErrorCode::Device,
                         "several processes train on the CPU alone; on CUDA one process runs by itself");
  }
  return gptorch::makeGlooCommunicator(options, gptorch::meet(options, *cancellation), cancellation).release();
}
