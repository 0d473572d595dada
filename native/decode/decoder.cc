#include "decode/decoder.h"

#include <ATen/ops/linear.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <utility>

#include "modules/decoder_block.h"
#include "modules/embedding.h"
#include "modules/layer_norm.h"

namespace gptorch {

namespace {

constexpr int64_t kLeastCapacity = 64;

template <typename M>
ModuleOf<M>& as(const std::shared_ptr<ModuleState>& state, const char* name) {
  auto* module = dynamic_cast<ModuleOf<M>*>(state.get());
  if (module == nullptr) throw ArgumentError(std::string("Decoder: expected a module of class ") + name);
  if (module->disposed()) throw Error(ErrorCode::Disposed, std::string("Decoder: a disposed ") + name);
  return *module;
}

/// For modules whose class the constructor has checked.
template <typename M>
M& run(const std::shared_ptr<ModuleState>& state) {
  return static_cast<ModuleOf<M>&>(*state).module();
}

int64_t roundUpToPowerOfTwo(int64_t least, int64_t start) {
  while (start < least) start *= 2;
  return start;
}

}  // namespace

Decoder::Decoder(std::shared_ptr<ModuleState> embedding, std::vector<std::shared_ptr<ModuleState>> blocks,
                 std::shared_ptr<ModuleState> norm, SlotRef outputWeight)
    : embedding_(std::move(embedding)),
      blocks_(std::move(blocks)),
      norm_(std::move(norm)),
      outputWeight_(std::move(outputWeight)) {
  const Embedding::Config& first = as<Embedding>(embedding_, "Embedding").config();
  contextLength_ = first.contextLength;
  if (blocks_.empty()) throw ArgumentError("Decoder: at least one DecoderBlock is needed");
  for (const auto& block : blocks_) {
    const DecoderBlock::Config& config = as<DecoderBlock>(block, "DecoderBlock").config();
    heads_ = config.attention.heads;
    headWidth_ = config.attention.headWidth;
    if (config.attention.width != first.width) {
      throw ArgumentError("Decoder: a block of width " + std::to_string(config.attention.width) +
                          " behind an embedding of width " + std::to_string(first.width));
    }
  }
  if (norm_) as<LayerNorm>(norm_, "LayerNorm");
  const Shape expected = {first.vocabSize, first.width};
  if (outputWeight_->meta.shape != expected) {
    throw ArgumentError("Decoder: output weights " + toString(outputWeight_->meta.shape) + ", expected " +
                        toString(expected));
  }

  std::vector<std::shared_ptr<ModuleState>> all = blocks_;
  all.push_back(embedding_);
  if (norm_) all.push_back(norm_);
  for (const auto& module : all) {
    for (const auto& [name, slot] : module->parameters()) parameters_.push_back(slot);
  }
  parameters_.push_back(outputWeight_);
}

at::Tensor Decoder::hidden(const at::Tensor& tokens, const LayerCaches& caches, int64_t position) {
  ForwardMode mode;
  mode.position = position;
  at::Tensor state = run<Embedding>(embedding_).forward(tokens, mode);  // (B, T, width)
  for (size_t layer = 0; layer < blocks_.size(); ++layer) {
    mode.keys = caches[layer].keys;
    mode.values = caches[layer].values;
    state = run<DecoderBlock>(blocks_[layer]).forward(state, mode);  // (B, T, width)
  }
  return state;
}

at::Tensor Decoder::logits(const at::Tensor& hidden) {
  at::Tensor last = hidden.select(1, hidden.size(1) - 1);  // (B, width)
  if (norm_) last = run<LayerNorm>(norm_).forward(last);
  if (!outputWeight_->value.defined()) throw Error(ErrorCode::Disposed, "the output weights were disposed of");
  return at::linear(last, outputWeight_->value).to(at::kFloat);  // (B, vocabSize)
}

std::unique_ptr<KeyValueCache> Decoder::takeCache(int64_t rows, int64_t capacity, const SessionRef& session) {
  std::unique_ptr<KeyValueCache> spare = std::move(spare_);
  if (spare && spare->size().rows >= rows && spare->size().capacity >= capacity) return spare;
  // Freed before its successor is made.
  spare.reset();
  const int64_t room = std::min(contextLength_, roundUpToPowerOfTwo(capacity, kLeastCapacity));
  const KeyValueCache::Size size = {static_cast<int64_t>(blocks_.size()), heads_, headWidth_, rows, room};
  return std::make_unique<KeyValueCache>(size, device(), session);
}

void Decoder::dispose(std::shared_ptr<Decoder> decoder, Engine& engine, const SessionRef& session) {
  Item item;
  item.session = session;
  item.frees = true;
  item.work = [decoder = std::move(decoder)] { decoder->spare_.reset(); };
  engine.submit(std::move(item), true);
}

}  // namespace gptorch
