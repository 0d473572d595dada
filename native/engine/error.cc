#include "engine/error.h"

namespace gptorch {

const char* toString(ErrorCode code) {
  switch (code) {
    case ErrorCode::Argument:
      return "ERR_ARGUMENT";
    case ErrorCode::Input:
      return "ERR_INPUT";
    case ErrorCode::Disposed:
      return "ERR_DISPOSED";
    case ErrorCode::Engine:
      return "ERR_ENGINE";
    case ErrorCode::QueueFull:
      return "ERR_QUEUE_FULL";
    case ErrorCode::DecoderFull:
      return "ERR_DECODER_FULL";
    case ErrorCode::DecoderTimeout:
      return "ERR_DECODER_TIMEOUT";
    case ErrorCode::OutOfMemory:
      return "ERR_OUT_OF_MEMORY";
    case ErrorCode::ProcessGroup:
      return "ERR_PROCESS_GROUP";
    case ErrorCode::Device:
      return "ERR_DEVICE";
    case ErrorCode::DeviceLost:
      return "ERR_DEVICE_LOST";
  }
  return "ERR_ENGINE";
}

}  // namespace gptorch
