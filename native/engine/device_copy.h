#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

namespace gptorch {

/// Whether a copy of `host` on `device` goes from main memory to an accelerator.
inline bool uploads(const at::Tensor& host, const at::Device& device) { return host.is_cpu() && !device.is_cpu(); }

/// A copy of main memory on an accelerator, through pinned memory: the copy is queued behind what the device computes,
/// and nobody waits for it. (From memory that is not pinned the engine would wait until the device has nothing left to
/// do.)
inline at::Tensor upload(const at::Tensor& host, const at::Device& device) {
  // The host allocator keeps the pinned block until the copy is done.
  return host.pin_memory().to(device, host.scalar_type(), /*non_blocking=*/true);
}

/// A copy of a device's value in pinned main memory, queued behind what the device computes; it must not be looked at
/// before the device has come to it.
inline at::Tensor download(const at::Tensor& value) {
  const at::Tensor host = at::empty(value.sizes(), value.options().device(at::kCPU).pinned_memory(!value.is_cpu()));
  return host.copy_(value, /*non_blocking=*/true);
}

/// A copy of main memory on any device.
inline at::Tensor copyTo(const at::Tensor& host, const at::Device& device) {
  return uploads(host, device) ? upload(host, device) : host.clone();
}

/// Copies values in, casting and moving between devices as needed; to an accelerator nobody waits for it.
inline void copyInto(at::Tensor& target, const at::Tensor& source) {
  if (uploads(source, target.device())) {
    target.copy_(source.to(target.scalar_type()).pin_memory(), /*non_blocking=*/true);
  } else {
    target.copy_(source);
  }
}

}  // namespace gptorch
