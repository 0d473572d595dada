#include "modules/registry.h"

#include "modules/causal_self_attention.h"
#include "modules/decoder_block.h"
#include "modules/embedding.h"
#include "modules/feed_forward.h"
#include "modules/layer_norm.h"
#include "modules/linear.h"

namespace gptorch {

std::shared_ptr<ModuleState> makeModule(const std::string& name, const Options& options) {
  if (name == "Embedding") return std::make_shared<ModuleOf<Embedding>>(options);
  if (name == "LayerNorm") return std::make_shared<ModuleOf<LayerNorm>>(options);
  if (name == "Linear") return std::make_shared<ModuleOf<Linear>>(options);
  if (name == "CausalSelfAttention") return std::make_shared<ModuleOf<CausalSelfAttention>>(options);
  if (name == "FeedForward") return std::make_shared<ModuleOf<FeedForward>>(options);
  if (name == "DecoderBlock") return std::make_shared<ModuleOf<DecoderBlock>>(options);
  throw ArgumentError("unknown module '" + name + "'");
}

}  // namespace gptorch
