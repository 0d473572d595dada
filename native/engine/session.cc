#include "engine/session.h"

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

}  // namespace gptorch
