#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "decode/key_value_cache.h"
#include "engine/engine.h"
#include "modules/module_state.h"

namespace gptorch {

/// The modules of one GPT, run over new tokens behind those that a cache holds. No maths of its own: the modules'
/// forward passes, and the product with the output weights.
class Decoder {
 public:
  /// Throws ArgumentError where the modules do not make a GPT. `norm` is null for the post-norm form.
  Decoder(std::shared_ptr<ModuleState> embedding, std::vector<std::shared_ptr<ModuleState>> blocks,
          std::shared_ptr<ModuleState> norm, SlotRef outputWeight);

  int64_t contextLength() const { return contextLength_; }
  int64_t vocabSize() const { return outputWeight_->meta.shape[0]; }
  at::Device device() const { return outputWeight_->meta.device; }

  /// Every parameter: what a step reads.
  const std::vector<CellRef>& parameters() const { return parameters_; }

  // The engine's side only.

  /// Puts tokens (B, T) int64, the first of them at `position`, into the cache: (B, T, width) before the final norm.
  at::Tensor hidden(const at::Tensor& tokens, const LayerCaches& caches, int64_t position);

  /// Logits of the token after the last one: (B, T, width) → (B, vocabSize) float32.
  at::Tensor logits(const at::Tensor& hidden);

  /// A cache with room for `rows` sequences of `capacity` tokens: the one that was given back last where it is large
  /// enough, else a new one.
  std::unique_ptr<KeyValueCache> takeCache(int64_t rows, int64_t capacity, const SessionRef& session);
  /// Keeps a cache for the next generation.
  void giveBack(std::unique_ptr<KeyValueCache> cache) { spare_ = std::move(cache); }

  /// Queues the release of the cache that is kept.
  static void dispose(std::shared_ptr<Decoder> decoder, Engine& engine, const SessionRef& session);

 private:
  std::shared_ptr<ModuleState> embedding_;
  std::vector<std::shared_ptr<ModuleState>> blocks_;
  std::shared_ptr<ModuleState> norm_;
  SlotRef outputWeight_;
  std::vector<CellRef> parameters_;
  int64_t contextLength_ = 0, heads_ = 0, headWidth_ = 0;
  std::unique_ptr<KeyValueCache> spare_;
};

}  // namespace gptorch
