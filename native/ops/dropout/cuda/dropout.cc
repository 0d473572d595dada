#include <ATen/Dispatch.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/DeviceGuard.h>
#include <torch/library.h>

#include "ops/dropout/check.h"
#include "ops/dropout/cuda/drop.h"

namespace gptorch::ops {

namespace {

at::Tensor drop(const at::Tensor& input, const DropoutMask& mask, const int64_t* key) {
  const c10::DeviceGuard guard(input.device());
  if (mask.dropsNone()) return input.clone(at::MemoryFormat::Contiguous);
  if (mask.dropsAll()) return at::zeros_like(input, {}, at::MemoryFormat::Contiguous);

  const at::Tensor source = input.contiguous();
  at::Tensor output = at::empty_like(source);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, source.scalar_type(), "gptorch::dropout", [&] {
    dropOnDevice(source.const_data_ptr<scalar_t>(), output.mutable_data_ptr<scalar_t>(), source.numel(), mask, key);
  });
  return output;
}

at::Tensor dropoutCuda(const at::Tensor& input, double p, int64_t seed, int64_t step, int64_t ordinal) {
  checkDropout(input, p);
  return drop(input, DropoutMask::of(p, seed, step, ordinal), nullptr);
}

at::Tensor dropoutKeyedCuda(const at::Tensor& input, double p, const at::Tensor& key, int64_t draw) {
  checkDropout(input, p);
  checkDropoutKey(input, key);
  return drop(input, DropoutMask::of(p, 0, 0, draw), key.const_data_ptr<int64_t>());
}

}  // namespace

TORCH_LIBRARY_IMPL(gptorch, CUDA, library) {
  library.impl("dropout", dropoutCuda);
  library.impl("dropout.keyed", dropoutKeyedCuda);
}

}  // namespace gptorch::ops
