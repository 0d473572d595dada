#include "modules/embedding.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

namespace gptorch {

namespace {

/// A lone `weight`, so that parameters get Hugging Face's dotted names.
class Table final : public torch::nn::Module {
 public:
  Table(int64_t rows, int64_t width) { weight = register_parameter("weight", at::empty({rows, width})); }
  at::Tensor weight;
};

}  // namespace

Embedding::Config Embedding::Config::from(const Options& options) {
  return {options.size("vocabSize"), options.size("contextLength"), options.size("width"), options.dropout("dropout")};
}

Embedding::Embedding(const Config& config) : config_(config) {
  tokens_ = register_module("wte", std::make_shared<Table>(config.vocabSize, config.width))->weight;
  positions_ = register_module("wpe", std::make_shared<Table>(config.contextLength, config.width))->weight;
}

ParameterSpecs Embedding::specs(const Config& config) {
  return {{"wte.weight", {config.vocabSize, config.width}}, {"wpe.weight", {config.contextLength, config.width}}};
}

Plan Embedding::plan(const Config& config, const Arguments& arguments, std::function<Embedding&()> module) {
  const SlotRef tokens = arguments.indices(0, "tokens");
  ForwardMode mode = ForwardMode::from(arguments, 1);
  mode.position = arguments.integer(3, "position");
  if (tokens->meta.rank() != 2) arguments.fail("tokens must be (B, T), not " + toString(tokens->meta.shape));
  const int64_t length = tokens->meta.shape[1];
  if (mode.position < 0 || mode.position + length > config.contextLength) {
    arguments.fail("position " + std::to_string(mode.position) + " and " + std::to_string(length) +
                   " tokens pass the context length of " + std::to_string(config.contextLength));
  }
  Plan plan;
  plan.inputs = {tokens};
  plan.outputs = {{{tokens->meta.shape[0], length, config.width}, at::kFloat, tokens->meta.device}};
  plan.run = [module, mode](const Values& v) { return Values{module().forward(v[0], mode)}; };
  return plan;
}

at::Tensor Embedding::rowsOf(const at::Tensor& tokens) const {
  try {
    return at::embedding(tokens_, tokens);
  } catch (const c10::IndexError&) {
    TORCH_CHECK_INDEX(false, "a token is outside the vocabulary of ", config_.vocabSize, ", 0 to ",
                      config_.vocabSize - 1);
  }
}

at::Tensor Embedding::forward(const at::Tensor& tokens, const ForwardMode& mode) const {
  const at::Tensor positions = positions_.narrow(0, mode.position, tokens.size(1));  // (T, width)
  at::Tensor hidden = rowsOf(tokens) + positions;                                    // (B, T, width)
  if (!mode.training || config_.dropout == 0) return hidden;
  return mode.key.drop(hidden, config_.dropout);
}

}  // namespace gptorch
