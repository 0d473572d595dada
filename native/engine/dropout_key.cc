#include "engine/dropout_key.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "engine/device_copy.h"
#include "ops/dropout/dropout.h"

namespace gptorch {

void ReplayKey::set(const RandomKey& key, const at::Device& device) {
  const at::NoGradGuard noGrad;
  if (!value.defined()) value = at::empty({3}, at::TensorOptions().dtype(at::kLong).device(device));
  copyInto(value, at::tensor({key.seed, key.step, key.ordinal}, at::kLong));
}

at::Tensor DropoutKey::drop(const at::Tensor& input, double p) const {
  if (replay_) return ops::dropout(input, p, replay_->value, key_.ordinal);
  return ops::dropout(input, p, key_.seed, key_.step, key_.ordinal);
}

at::Tensor DropoutKey::words() const {
  if (replay_) return replay_->value;
  return at::tensor({key_.seed, key_.step, key_.ordinal}, at::kLong);
}

}  // namespace gptorch
