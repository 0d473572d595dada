#include "modules/decoder_block.h"

namespace gptorch {

DecoderBlock::Config DecoderBlock::Config::from(const Options& options) {
  const std::string position = options.string("normPosition");
  if (position != "pre" && position != "post") {
    throw ArgumentError(options.owner() + ": normPosition must be pre or post, not '" + position + "'");
  }
  return {{options.size("width"), options.number("layerNormEps")},
          CausalSelfAttention::Config::from(options),
          FeedForward::Config::from(options),
          position == "pre"};
}

DecoderBlock::DecoderBlock(const Config& config) : preNorm_(config.preNorm) {
  norm1_ = register_module("ln_1", std::make_shared<LayerNorm>(config.norm));
  attention_ = register_module("attn", std::make_shared<CausalSelfAttention>(config.attention));
  norm2_ = register_module("ln_2", std::make_shared<LayerNorm>(config.norm));
  feedForward_ = register_module("mlp", std::make_shared<FeedForward>(config.feedForward));
}

ParameterSpecs DecoderBlock::specs(const Config& config) {
  return joined(
      {prefixed("ln_1", LayerNorm::specs(config.norm)), prefixed("attn", CausalSelfAttention::specs(config.attention)),
       prefixed("ln_2", LayerNorm::specs(config.norm)), prefixed("mlp", FeedForward::specs(config.feedForward))});
}

Plan DecoderBlock::plan(const Config& config, const Arguments& arguments, std::function<DecoderBlock&()> module) {
  Plan plan;
  plan.inputs = {requireWidth(arguments, 0, config.norm.width, 3)};
  plan.outputs = {plan.inputs[0]->meta};
  ForwardMode mode = ForwardMode::from(arguments, 1);
  CausalSelfAttention::planCache(config.attention, arguments, 3, mode, plan);
  plan.run = [module, mode](const Values& v) { return Values{module().forward(v[0], mode)}; };
  return plan;
}

at::Tensor DecoderBlock::forward(const at::Tensor& input, const ForwardMode& mode) {
  ForwardMode later = mode;
  later.key = mode.key.at(CausalSelfAttention::kDraws);
  if (preNorm_) {
    const at::Tensor middle = input + attention_->forward(norm1_->forward(input), mode);  // (B, T, width)
    return middle + feedForward_->forward(norm2_->forward(middle), later);                // (B, T, width)
  }
  const at::Tensor middle = norm1_->forward(input + attention_->forward(input, mode));  // (B, T, width)
  return norm2_->forward(middle + feedForward_->forward(middle, later));                // (B, T, width)
}

}  // namespace gptorch
