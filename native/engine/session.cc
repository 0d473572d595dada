#include "engine/session.h"

#include <algorithm>
#include <utility>

namespace gptorch {

void Session::hold(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  Held& held = storages_[tensor.storage().unsafeGetStorageImpl()];
  if (held.handles++ == 0) {
    held.bytes = static_cast<int64_t>(tensor.storage().nbytes());
    heldBytes += held.bytes;
  }
}

void Session::release(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  const auto entry = storages_.find(tensor.storage().unsafeGetStorageImpl());
  if (entry == storages_.end() || --entry->second.handles > 0) return;
  heldBytes -= entry->second.bytes;
  storages_.erase(entry);
}

void Session::settleGraphBytes() {
  // A training step's own activations come and go; the garbage collector is to hear only of what stays. So: the lowest
  // level of some steps' worth of operations.
  constexpr int kOperations = 64;
  const int64_t beyondHandles = std::max<int64_t>(0, *account - heldBytes);
  lowest_ = operations_ == 0 ? beyondHandles : std::min(lowest_, beyondHandles);
  if (++operations_ < kOperations) return;
  graphBytes = lowest_;
  operations_ = 0;
}

void Session::remember(const FailureRef& failure) {
  constexpr size_t kMost = 64;
  if (failures_.size() >= kMost) std::erase_if(failures_, [](const FailureRef& each) { return each->observed; });
  if (failures_.size() < kMost) failures_.push_back(failure);
}

FailureRef Session::takeFailure() {
  const std::vector<FailureRef> failures = std::exchange(failures_, {});
  const auto first = std::find_if(failures.begin(), failures.end(), [](const FailureRef& f) { return !f->observed; });
  return first == failures.end() ? nullptr : *first;
}

}  // namespace gptorch
