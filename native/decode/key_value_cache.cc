#include "decode/key_value_cache.h"

#include <ATen/ops/empty.h>

#include <utility>

namespace gptorch {

namespace {

SlotRef slotOf(const at::Tensor& tensor) {
  auto slot = std::make_shared<Slot>(Meta::of(tensor), nullptr);
  slot->value = tensor;
  return slot;
}

}  // namespace

KeyValueCache::KeyValueCache(const Size& size, at::Device device, SessionRef session)
    : size_(size), session_(std::move(session)) {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  for (int64_t i = 0; i < 2 * size.layers; ++i) {
    tensors_.push_back(at::empty({size.rows, size.heads, size.capacity, size.headWidth}, options));
    session_->hold(tensors_.back());
  }
}

KeyValueCache::~KeyValueCache() {
  for (const at::Tensor& tensor : tensors_) session_->release(tensor);
}

LayerCaches KeyValueCache::first(int64_t rows) const {
  LayerCaches layers;
  for (size_t i = 0; i < tensors_.size(); i += 2) {
    layers.push_back({slotOf(tensors_[i].narrow(0, 0, rows)), slotOf(tensors_[i + 1].narrow(0, 0, rows))});
  }
  return layers;
}

void KeyValueCache::copy(int64_t from, int64_t to, int64_t length) {
  for (const at::Tensor& tensor : tensors_) {
    tensor.select(0, to).narrow(1, 0, length).copy_(tensor.select(0, from).narrow(1, 0, length));
  }
}

}  // namespace gptorch
