#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/cell.h"
#include "engine/session.h"

namespace gptorch {

/// What one layer's attention finds of the tokens before: each (B, heads, capacity, headWidth).
struct LayerCache {
  SlotRef keys, values;
};
using LayerCaches = std::vector<LayerCache>;

/// Keys and values of up to `rows` sequences of up to `capacity` tokens. The engine's side only.
class KeyValueCache {
 public:
  struct Size {
    int64_t layers, heads, headWidth, rows, capacity;
  };

  KeyValueCache(const Size& size, at::Device device, SessionRef session);
  ~KeyValueCache();
  KeyValueCache(const KeyValueCache&) = delete;
  KeyValueCache& operator=(const KeyValueCache&) = delete;

  const Size& size() const { return size_; }

  /// The first `rows` sequences, as modules take them.
  LayerCaches first(int64_t rows) const;

  /// Gives sequence `to` the first `length` tokens of sequence `from`.
  void copy(int64_t from, int64_t to, int64_t length);

 private:
  Size size_;
  SessionRef session_;
  /// Keys and values of each layer in turn: (rows, heads, capacity, headWidth).
  std::vector<at::Tensor> tensors_;
};

}  // namespace gptorch
