#pragma once

#include <cstdint>
#include <vector>

#include "decode/step.h"
#include "engine/session.h"

namespace gptorch {

/// The memory behind `KeyValueBlocks`. The engine's side only.
class KeyValueStore {
 public:
  struct Size {
    int64_t layers, heads, headWidth;
    at::ScalarType dtype;
  };

  KeyValueStore(const Size& size, at::Device device, SessionRef session);

  KeyValueBlocks& blocks() { return blocks_; }

  /// Makes room for so many blocks; those that there are keep what they hold. False where there is no memory for them.
  bool grow(int64_t blocks);

  /// Block `to` then holds what `from` holds.
  void copy(int32_t from, int32_t to);

  void free();

 private:
  std::vector<KeyValueBlocks::Layer> makeLayers(int64_t blocks) const;
  void replace(at::Tensor& tensor, const at::Tensor& larger);

  Size size_;
  at::Device device_;
  SessionRef session_;
  KeyValueBlocks blocks_;
};

}  // namespace gptorch
