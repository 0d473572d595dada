#include "decode/request.h"

namespace gptorch {

const char* toString(FinishReason reason) {
  switch (reason) {
    case FinishReason::Stop:
      return "stop";
    case FinishReason::Length:
      return "length";
    case FinishReason::Aborted:
      return "aborted";
    case FinishReason::Timeout:
      return "timeout";
  }
  return "";
}

void Request::failForTime(const char* limit) {
  const std::string message = std::string("the request had no result within its ") + limit;
  fail(std::make_shared<Failure>(Failure{ErrorCode::DecoderTimeout, message}));
}

}  // namespace gptorch
