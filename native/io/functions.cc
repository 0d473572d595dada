#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <unistd.h>

#include <algorithm>

#include "functions/function.h"
#include "io/file.h"
#include "io/token_file.h"

namespace gptorch {

namespace {

constexpr int64_t kIgnoreIndex = -100;

/// (file, offsets, length, firstTarget) -> inputs (B, T), targets (B, T): windows and the same moved on by one.
/// Targets before `firstTarget` are -100: they do not count.
Plan tokenWindows(const Arguments& arguments) {
  const std::shared_ptr<TokenFile> file = arguments.tokenFile(0);
  const std::vector<int64_t> offsets = arguments.integers(1, "offsets");
  const int64_t length = arguments.integer(2, "length");
  const int64_t firstTarget = arguments.integer(3, "firstTarget");
  const int64_t count = static_cast<int64_t>(file->count());
  if (offsets.empty() || length < 1) arguments.fail("needs at least one offset and a length of at least 1");
  for (const int64_t offset : offsets) {
    if (offset < 0 || offset + length + 1 > count) {
      arguments.fail("a window of " + std::to_string(length) + " tokens and its target at " + std::to_string(offset) +
                     " passes the file's " + std::to_string(count) + " tokens");
    }
  }
  if (firstTarget < 0 || firstTarget >= length) arguments.fail("firstTarget must be within the window");
  const Meta meta{{static_cast<int64_t>(offsets.size()), length}, at::kLong, at::kCPU};
  Plan plan;
  plan.outputs = {meta, meta};
  plan.differentiable = false;
  plan.run = [file, offsets, length, firstTarget, meta](const Values&) {
    at::Tensor inputs = at::empty(meta.shape, at::kLong), targets = at::empty(meta.shape, at::kLong);
    for (size_t row = 0; row < offsets.size(); ++row) {
      file->read(offsets[row], length, inputs.mutable_data_ptr<int64_t>() + row * length);
      int64_t* target = targets.mutable_data_ptr<int64_t>() + row * length;
      file->read(offsets[row] + 1, length, target);
      std::fill_n(target, firstTarget, kIgnoreIndex);
    }
    return Values{inputs, targets};
  };
  return plan;
}

at::Tensor byteCount(size_t bytes) { return at::scalar_tensor(static_cast<int64_t>(bytes), at::kLong); }

/// (path, header, tensors) -> bytes written. The header and then each tensor's bytes, to a temporary file that
/// takes the place of `path` once it is on the disk. In order with the queue, so the tensors are of one moment.
Plan writeTensors(const Arguments& arguments) {
  const std::string path = arguments.string(0, "path");
  const Bytes header = arguments.bytes(1, "header");
  const std::vector<SlotRef> tensors = arguments.tensors(2, "tensors").slots;
  Plan plan = planOne(tensors, {{}, at::kLong, at::kCPU}, [path, header](const Values& values) {
    const std::string temporary = path + "." + std::to_string(::getpid()) + ".tmp";
    ::unlink(temporary.c_str());
    try {
      File file = File::create(temporary);
      size_t total = header->size();
      file.write(header->data(), header->size());
      for (const at::Tensor& value : values) {
        const at::Tensor bytes = value.detach().to(at::kCPU).contiguous();
        file.write(bytes.const_data_ptr(), bytes.nbytes());
        total += bytes.nbytes();
      }
      file.sync();
      replaceFile(temporary, path);
      return byteCount(total);
    } catch (...) {
      ::unlink(temporary.c_str());
      throw;
    }
  });
  plan.differentiable = false;
  plan.capturedBytes = header->size();
  return plan;
}

/// (tensor, path, offset, dtype) -> bytes read, straight into the tensor's memory where the dtypes agree.
Plan readTensor(const Arguments& arguments) {
  const SlotRef target = arguments.tensor(0, "tensor");
  const std::string path = arguments.string(1, "path");
  const int64_t offset = arguments.integer(2, "offset");
  const at::ScalarType dtype = parseDtype(arguments.string(3, "dtype"));
  Plan plan = planOne({}, {{}, at::kLong, at::kCPU}, [=](const Values&) {
    TORCH_CHECK(target->value.defined(), "the tensor was never made");
    const at::NoGradGuard noGrad;
    at::Tensor& value = target->value;
    const bool direct = value.scalar_type() == dtype && value.is_contiguous() && value.is_cpu();
    at::Tensor bytes = direct ? value.detach() : at::empty(value.sizes(), dtype);
    File::openForReading(path).readAt(bytes.mutable_data_ptr(), bytes.nbytes(), static_cast<size_t>(offset));
    if (direct) {
      value.unsafeGetTensorImpl()->bump_version();
    } else {
      value.copy_(bytes);
    }
    return byteCount(bytes.nbytes());
  });
  plan.overwrites = {target};
  plan.differentiable = false;
  return plan;
}

}  // namespace

std::vector<Function> ioFunctions() {
  return {{"tokenWindows", tokenWindows}, {"writeTensors", writeTensors}, {"readTensor", readTensor}};
}

}  // namespace gptorch
