#include "decode/gpt_parameters.h"

#include <algorithm>
#include <string>
#include <utility>

#include "modules/decoder_block.h"
#include "modules/embedding.h"
#include "modules/layer_norm.h"

namespace gptorch {

namespace {

template <typename M>
const typename M::Config& configOf(const ModuleState& state, const char* name) {
  const auto* module = dynamic_cast<const ModuleOf<M>*>(&state);
  if (module == nullptr) throw ArgumentError(std::string("Decoder: expected a module of class ") + name);
  if (module->disposed()) throw Error(ErrorCode::Disposed, std::string("Decoder: a disposed ") + name);
  return module->config();
}

/// Null where the module has no parameter of this name.
SlotRef find(const ModuleState& module, const std::string& name) {
  for (const auto& [each, slot] : module.parameters()) {
    if (each == name) return slot;
  }
  return nullptr;
}

const at::Tensor& valueOf(const SlotRef& slot) {
  if (!slot->value.defined()) throw Error(ErrorCode::Disposed, "the model was disposed of while it generated");
  return slot->value;
}

}  // namespace

GptParameters::GptParameters(const std::shared_ptr<ModuleState>& embedding,
                             const std::vector<std::shared_ptr<ModuleState>>& blocks,
                             const std::shared_ptr<ModuleState>& norm, SlotRef outputWeight)
    : output_(std::move(outputWeight)) {
  const Embedding::Config& first = configOf<Embedding>(*embedding, "Embedding");
  if (blocks.empty()) throw ArgumentError("Decoder: at least one DecoderBlock is needed");
  const DecoderBlock::Config& shared = configOf<DecoderBlock>(*blocks.front(), "DecoderBlock");
  sizes_ = {first.vocabSize,        first.contextLength,       first.width, static_cast<int64_t>(blocks.size()),
            shared.attention.heads, shared.attention.headWidth};
  preNorm_ = shared.preNorm;
  activation_ = shared.feedForward.activation;
  attentionWindow_ = shared.attention.window;
  tokens_ = find(*embedding, "wte.weight");
  positions_ = find(*embedding, "wpe.weight");
  for (const auto& block : blocks) {
    const DecoderBlock::Config& config = configOf<DecoderBlock>(*block, "DecoderBlock");
    if (config.attention.width != first.width) {
      throw ArgumentError("Decoder: a block of width " + std::to_string(config.attention.width) +
                          " behind an embedding of width " + std::to_string(first.width));
    }
    const bool alike = config.attention.heads == sizes_.heads && config.attention.headWidth == sizes_.headWidth &&
                       config.attention.window == attentionWindow_ && config.preNorm == preNorm_ &&
                       config.feedForward.activation == activation_;
    if (!alike) throw ArgumentError("Decoder: the blocks differ in heads, window, norm position or activation");
    blocks_.push_back({normOf(*block, "ln_1.", config.norm.eps), normOf(*block, "ln_2.", config.norm.eps),
                       productOf(*block, "attn.c_attn."), productOf(*block, "attn.c_proj."),
                       productOf(*block, "mlp.c_fc."), productOf(*block, "mlp.c_proj.")});
  }
  if (norm) norm_ = normOf(*norm, "", configOf<LayerNorm>(*norm, "LayerNorm").eps);
  const Shape expected = {first.vocabSize, first.width};
  if (output_->meta.shape != expected) {
    throw ArgumentError("Decoder: output weights " + toString(output_->meta.shape) + ", expected " +
                        toString(expected));
  }

  std::vector<std::shared_ptr<ModuleState>> all = blocks;
  all.push_back(embedding);
  if (norm) all.push_back(norm);
  for (const auto& module : all) {
    for (const auto& [name, slot] : module->parameters()) slots_.push_back(slot);
  }
  slots_.push_back(output_);
  cells_.assign(slots_.begin(), slots_.end());
}

GptParameters::Norm GptParameters::normOf(const ModuleState& module, const std::string& prefix, double eps) {
  return {find(module, prefix + "weight"), find(module, prefix + "bias"), eps};
}

GptParameters::Product GptParameters::productOf(const ModuleState& module, const std::string& prefix) {
  return {find(module, prefix + "weight"), find(module, prefix + "bias")};
}

GptWeights GptParameters::weights() {
  known_ = versions();
  const auto norm = [](const Norm& n) { return GptWeights::Norm{valueOf(n.weight), valueOf(n.bias), n.eps}; };
  const auto product = [](const Product& p) {
    return GptWeights::Product{valueOf(p.weight), p.bias ? valueOf(p.bias) : at::Tensor()};
  };
  GptWeights weights;
  weights.tokens = valueOf(tokens_);
  weights.positions = valueOf(positions_);
  for (const Block& block : blocks_) {
    weights.blocks.push_back({norm(block.norm1), norm(block.norm2), product(block.queryKeyValue),
                              product(block.attentionOutput), product(block.expand), product(block.contract)});
  }
  if (norm_) weights.norm = norm(*norm_);
  weights.output = valueOf(output_);
  weights.heads = sizes_.heads;
  weights.headWidth = sizes_.headWidth;
  weights.preNorm = preNorm_;
  weights.activation = activation_;
  weights.attentionWindow = attentionWindow_;
  return weights;
}

bool GptParameters::changed() const { return versions() != known_; }

std::vector<GptParameters::Version> GptParameters::versions() const {
  std::vector<Version> versions;
  versions.reserve(slots_.size());
  for (const SlotRef& slot : slots_) {
    const at::Tensor& value = valueOf(slot);
    versions.push_back({value.const_data_ptr(), value._version()});
  }
  return versions;
}

}  // namespace gptorch
