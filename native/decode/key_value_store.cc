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
    // All before any takes its place: what fails half-way must not hold what the others need.
    std::vector<KeyValueBlocks::Layer> larger = makeLayers(blocks);
    for (size_t i = 0; i < blocks_.layers.size(); ++i) {
      replace(blocks_.layers[i].keys, larger[i].keys);
      replace(blocks_.layers[i].values, larger[i].values);
    }
    for (const KeyValueBlocks::Layer& layer : larger) {
      session_->hold(layer.keys);
      session_->hold(layer.values);
    }
    blocks_.layers = std::move(larger);
    ++blocks_.version;
    return true;
  } catch (const c10::OutOfMemoryError&) {
    return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

/// Moves what a tensor holds into a larger one.
void KeyValueStore::replace(at::Tensor& tensor, const at::Tensor& larger) {
  const int64_t before = tensor.size(0);
  larger.narrow(0, 0, before).copy_(tensor);
  session_->release(tensor);
  tensor.reset();
}

void KeyValueStore::copy(int32_t from, int32_t to) {
  for (const KeyValueBlocks::Layer& layer : blocks_.layers) {
    layer.keys.select(0, to).copy_(layer.keys.select(0, from));
    layer.values.select(0, to).copy_(layer.values.select(0, from));
  }
}

void KeyValueStore::free() {
  for (const KeyValueBlocks::Layer& layer : blocks_.layers) {
    session_->release(layer.keys);
    session_->release(layer.values);
  }
  blocks_.layers.clear();
  ++blocks_.version;
}

std::vector<KeyValueBlocks::Layer> KeyValueStore::makeLayers(int64_t blocks) const {
  const auto [layers, heads, width, dtype] = size_;
  constexpr int64_t kLength = KeyValueBlocks::kBlockLength;
  const auto options = at::TensorOptions().dtype(dtype).device(device_);
  std::vector<KeyValueBlocks::Layer> made;
  for (int64_t layer = 0; layer < layers; ++layer) {
    made.push_back(
        {at::empty({blocks, heads, width, kLength}, options), at::empty({blocks, heads, kLength, width}, options)});
  }
  return made;
}

}  // namespace gptorch
