#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "engine/arguments.h"

namespace gptorch {

/// What the dropouts of a recording draw from: set anew by each replay, so that it drops what its calls would, made
/// then.
struct ReplayKey {
  /// JavaScript's side only: a dropout was recorded.
  bool used = false;
  /// Engine thread: (3) int64 on the recording's device: seed, step, and the ordinal of the first draw.
  at::Tensor value;

  /// Engine thread, on the stream of the device.
  void set(const RandomKey& key, const at::Device& device);
};

/// Where a dropout draws from: a key of its own, or a place behind the key of each replay.
class DropoutKey {
 public:
  DropoutKey() = default;
  explicit DropoutKey(const RandomKey& key) : key_(key) {}
  /// The recording's `draw`-th draw.
  DropoutKey(std::shared_ptr<ReplayKey> replay, int64_t draw) : key_{0, 0, draw}, replay_(std::move(replay)) {
    replay_->used = true;
  }

  /// The key of the i-th dropout inside one operation.
  DropoutKey at(int64_t i) const {
    DropoutKey key = *this;
    key.key_.ordinal += i;
    return key;
  }

  /// Engine thread: dropout of `input` with probability p.
  at::Tensor drop(const at::Tensor& input, double p) const;

  /// Engine thread: seed, step and ordinal as (3) int64, where the recording is or else in main memory; for operators
  /// that drop inside. They draw the `draw()`-th behind it.
  at::Tensor words() const;
  int64_t draw() const { return replay_ ? key_.ordinal : 0; }

 private:
  RandomKey key_;
  std::shared_ptr<ReplayKey> replay_;
};

}  // namespace gptorch
