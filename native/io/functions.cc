#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>

#include <algorithm>

#include "functions/function.h"
#include "io/file.h"
#include "io/tensor_bytes.h"
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
  plan.meetsOutside = true;
  plan.run = [file, offsets, length, firstTarget, meta](const Values&) {
    at::Tensor inputs = at::empty(meta.shape, at::kLong), targets = at::empty(meta.shape, at::kLong);
    std::vector<int64_t> window(static_cast<size_t>(length) + 1);
    for (size_t row = 0; row < offsets.size(); ++row) {
      file->read(offsets[row], length + 1, window.data());
      std::copy_n(window.begin(), length, inputs.mutable_data_ptr<int64_t>() + row * length);
      int64_t* target = targets.mutable_data_ptr<int64_t>() + row * length;
      std::copy_n(window.begin() + 1, length, target);
      std::fill_n(target, firstTarget, kIgnoreIndex);
    }
    return Values{inputs, targets};
  };
  return plan;
}

at::Tensor byteCount(size_t bytes) { return at::scalar_tensor(static_cast<int64_t>(bytes), at::kLong); }

/// (path, temporary, header, checksumsAt, tensors) -> bytes written. The header, each tensor's bytes, and then the
/// tensors' checksums over the header's bytes from `checksumsAt`. In order with the queue, so the tensors are of one
/// moment.
Plan writeTensors(const Arguments& arguments) {
  const std::string path = arguments.string(0, "path"), temporary = arguments.string(1, "temporary");
  const Bytes header = arguments.bytes(2, "header");
  const auto checksumsAt = static_cast<size_t>(arguments.integer(3, "checksumsAt"));
  const std::vector<SlotRef> tensors = arguments.tensors(4, "tensors").slots;
  Plan plan = planOne(tensors, {{}, at::kLong, at::kCPU}, [=](const Values& values) {
    ReplacementFile file(temporary, path);
    size_t total = header->size();
    std::string checksums;
    file.write(header->data(), header->size());
    for (const at::Tensor& value : values) {
      const at::Tensor bytes = value.detach().to(at::kCPU).contiguous();
      file.write(bytes.const_data_ptr(), bytes.nbytes());
      total += bytes.nbytes();
      checksums += checksum(bytes);
    }
    file.writeAt(checksums.data(), checksums.size(), checksumsAt);
    file.commit();
    return byteCount(total);
  });
  plan.differentiable = false;
  plan.capturedBytes = header->size();
  plan.meetsOutside = true;
  return plan;
}

/// (descriptor, path, tensors, names, offsets, dtypes, checksums) -> bytes read. The descriptor may be closed once this
/// has returned; `checksums` may be missing. A damaged tensor fails the call, and with it all that it fills.
Plan readTensors(const Arguments& arguments) {
  const std::string path = arguments.string(1, "path");
  const auto file =
      std::make_shared<const File>(File::duplicate(static_cast<int>(arguments.integer(0, "descriptor")), path));
  const std::vector<SlotRef> targets = arguments.tensors(2, "tensors").slots;
  const std::vector<std::string> names = arguments.strings(3, "names");
  const std::vector<int64_t> offsets = arguments.integers(4, "offsets");
  std::vector<at::ScalarType> dtypes;
  for (const std::string& dtype : arguments.strings(5, "dtypes")) dtypes.push_back(parseDtype(dtype));
  const std::vector<std::string> checksums =
      arguments.isMissing(6) ? std::vector<std::string>{} : arguments.strings(6, "checksums");
  for (const size_t count : {names.size(), offsets.size(), dtypes.size()}) {
    if (count != targets.size()) arguments.fail("names, offsets and dtypes must be as many as the tensors");
  }
  if (!checksums.empty() && checksums.size() != targets.size()) arguments.fail("checksums must be one a tensor");
  Plan plan = planOne({}, {{}, at::kLong, at::kCPU}, [=](const Values&) {
    const at::NoGradGuard noGrad;
    size_t total = 0;
    for (size_t i = 0; i < targets.size(); ++i) {
      at::Tensor& value = targets[i]->value;
      TORCH_CHECK(value.defined(), "the tensor was never made");
      const auto offset = static_cast<size_t>(offsets[i]);
      const std::string found = readTensor(*file, offset, dtypes[i], value, !checksums.empty());
      if (!checksums.empty() && checksums[i] != found) {
        throw Error(ErrorCode::Input, path + ": tensor " + names[i] + " is damaged: its checksum is " + found +
                                          ", the file says " + checksums[i]);
      }
      total += static_cast<size_t>(value.numel()) * c10::elementSize(dtypes[i]);
    }
    return byteCount(total);
  });
  plan.overwrites.assign(targets.begin(), targets.end());
  plan.differentiable = false;
  plan.meetsOutside = true;
  return plan;
}

}  // namespace

std::vector<Function> ioFunctions() {
  return {{"tokenWindows", tokenWindows}, {"writeTensors", writeTensors}, {"readTensors", readTensors}};
}

}  // namespace gptorch
