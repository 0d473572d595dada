#include "distributed/gradients.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>

namespace gptorch {

namespace {

/// Parameters of one kind that travel together. Behind their gradients stands for each of them how many ranks have one.
class Bucket {
 public:
  void add(const at::Tensor& parameter) {
    parameters_.push_back(parameter);
    elements_ += parameter.numel();
  }

  /// Whether a parameter can come in yet.
  bool takes(const at::Tensor& parameter, size_t bytes) const {
    if (parameters_.empty()) return true;
    const at::Tensor& first = parameters_.front();
    const size_t together = static_cast<size_t>(elements_ + parameter.numel()) * parameter.element_size();
    return parameter.scalar_type() == first.scalar_type() && parameter.device() == first.device() && together <= bytes;
  }

  void reduce(Communicator& communicator) const {
    if (parameters_.empty()) return;
    const auto count = static_cast<int64_t>(parameters_.size());
    at::Tensor flat = at::empty({elements_ + count}, parameters_.front().options().requires_grad(false));
    at::Tensor owners = flat.narrow(0, elements_, count);
    owners.fill_(1);
    bool isComplete = true;
    forEach(flat, [&](int64_t i, const at::Tensor& parameter, at::Tensor part) {
      if (parameter.grad().defined()) {
        part.copy_(parameter.grad());
      } else {
        part.zero_();
        owners.select(0, i).zero_();
        isComplete = false;
      }
    });
    communicator.allReduce(flat);
    // Where each has a gradient here, it has one everywhere, and nobody need wait for a device to say so.
    const at::Tensor known = isComplete ? at::Tensor() : owners.to(at::kCPU, at::kDouble);
    forEach(flat, [&](int64_t i, const at::Tensor& parameter, const at::Tensor& part) {
      // The buffer becomes the gradients' storage: nothing is copied back.
      if (isComplete || known.const_data_ptr<double>()[i] > 0) parameter.mutable_grad() = part;
    });
  }

 private:
  template <typename Each>
  void forEach(const at::Tensor& flat, Each each) const {
    int64_t offset = 0;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const at::Tensor& parameter = parameters_[i];
      each(static_cast<int64_t>(i), parameter, flat.narrow(0, offset, parameter.numel()).view(parameter.sizes()));
      offset += parameter.numel();
    }
  }

  std::vector<at::Tensor> parameters_;
  int64_t elements_ = 0;
};

}  // namespace

void reduceGradients(Communicator& communicator, const std::vector<at::Tensor>& parameters, size_t bucketBytes) {
  const at::NoGradGuard noGrad;
  Bucket bucket;
  for (const at::Tensor& parameter : parameters) {
    if (!bucket.takes(parameter, bucketBytes)) {
      bucket.reduce(communicator);
      bucket = Bucket();
    }
    bucket.add(parameter);
  }
  bucket.reduce(communicator);
}

}  // namespace gptorch
