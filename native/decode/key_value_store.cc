#include "decode/key_value_store.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <new>
#include <utility>

namespace gptorch {

KeyValueStore::KeyValueStore(const Size& size, at::Device device, SessionRef session)
    : size_(size), device_(device), session_(std::move(session)) {}

bool KeyValueStore::grow(int64_t blocks) {
  try {
    if (blocks_.layers.empty()) makeLayers();
    for (KeyValueBlocks::Layer& layer : blocks_.layers) {
      growTensor(layer.keys, blocks);
      growTensor(layer.values, blocks);
    }
    return true;
  } catch (const c10::OutOfMemoryError&) {
    // Layers that have grown already have more room than is asked of them.
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void KeyValueStore::growTensor(at::Tensor& tensor, int64_t blocks) {
  const int64_t before = tensor.size(0);
  if (before >= blocks) return;
  at::Tensor larger = at::empty({blocks, tensor.size(1), tensor.size(2), tensor.size(3)}, tensor.options());
  larger.narrow(0, 0, before).copy_(tensor);
  // What a mask hides is multiplied by 0 all the same, and must be a number.
  larger.narrow(0, before, blocks - before).zero_();
  session_->release(tensor);
  session_->hold(larger);
  tensor = std::move(larger);
}

void KeyValueStore::copy(int32_t from, int32_t to) {
  for (const KeyValueBlocks::Layer& layer : blocks_.layers) {
    layer.keys.select(0, to).copy_(layer.keys.select(0, from));
    layer.values.select(0, to).copy_(layer.values.select(0, from));
  }
}

void KeyValueStore::clean() {
  for (const KeyValueBlocks::Layer& layer : blocks_.layers) {
    layer.keys.nan_to_num_(0, 0, 0);
    layer.values.nan_to_num_(0, 0, 0);
  }
}

void KeyValueStore::free() {
  for (const KeyValueBlocks::Layer& layer : blocks_.layers) {
    session_->release(layer.keys);
    session_->release(layer.values);
  }
  blocks_.layers.clear();
}

void KeyValueStore::makeLayers() {
  const auto [layers, heads, width] = size_;
  constexpr int64_t kLength = KeyValueBlocks::kBlockLength;
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device_);
  for (int64_t layer = 0; layer < layers; ++layer) {
    blocks_.layers.push_back(
        {at::empty({0, heads, width, kLength}, options), at::empty({0, heads, kLength, width}, options)});
  }
}

}  // namespace gptorch
