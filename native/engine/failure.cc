#include "engine/failure.h"

#include <c10/util/Exception.h>

#include <new>

namespace gptorch {

namespace {

/// cudaErrorMemoryAllocation, where a library other than torch's allocator asked for the memory.
constexpr int32_t kCudaOutOfMemory = 2;

FailureRef failureOfDevice(const c10::AcceleratorError& error) {
  if (error.get_error_code() == kCudaOutOfMemory) {
    return std::make_shared<Failure>(Failure{ErrorCode::OutOfMemory, error.what_without_backtrace()});
  }
  return std::make_shared<Failure>(
      Failure{ErrorCode::DeviceLost, std::string("a device failed, and this process can compute no more: ") +
                                         error.what_without_backtrace() + " (the cause may be an earlier operation)"});
}

std::string named(const std::string& call, const std::string& message) {
  const std::string head = call + ": ";
  return call.empty() || message.rfind(head, 0) == 0 ? message : head + message;
}

}  // namespace

FailureRef failureOf(const std::exception_ptr& thrown, const std::string& call) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return std::make_shared<Failure>(Failure{error.code(), error.what()});
  } catch (const c10::OutOfMemoryError& error) {
    return std::make_shared<Failure>(Failure{ErrorCode::OutOfMemory, error.what_without_backtrace()});
  } catch (const c10::AcceleratorError& error) {
    return failureOfDevice(error);
  } catch (const c10::Error& error) {
    return std::make_shared<Failure>(Failure{ErrorCode::Engine, named(call, error.what_without_backtrace())});
  } catch (const std::bad_alloc&) {
    return std::make_shared<Failure>(Failure{ErrorCode::OutOfMemory, "the operating system gave no more memory"});
  } catch (const std::exception& error) {
    return std::make_shared<Failure>(Failure{ErrorCode::Engine, error.what()});
  } catch (...) {
    return std::make_shared<Failure>(Failure{ErrorCode::Engine, "unknown error"});
  }
}

}  // namespace gptorch
