#include "decode/packed_model.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "ops/block_attention/block_attention.h"
#include "ops/in_turn.h"
#include "ops/packed_product/packed_product.h"
#include "ops/row_norm/row_norm.h"

namespace gptorch {

namespace {

static_assert(KeyValueBlocks::kBlockLength == ops::AttentionBlocks::kLength);

at::ScalarType dtypeOf(WeightFormat format) {
  switch (format) {
    case WeightFormat::Float32:
      return at::kFloat;
    case WeightFormat::BFloat16:
      return at::kBFloat16;
    case WeightFormat::Int8:
      return at::kChar;
  }
  TORCH_CHECK(false, "no such format of weights");
}

ops::Finish finishOf(Activation activation) {
  switch (activation) {
    case Activation::GeluTanh:
      return ops::Finish::GeluTanh;
    case Activation::Gelu:
      return ops::Finish::Gelu;
    case Activation::Relu:
      return ops::Finish::Relu;
  }
  TORCH_CHECK(false, "no such activation");
}

struct Norm {
  at::Tensor weight, bias;
  double eps;

  explicit Norm(const GptWeights::Norm& norm)
      : weight(norm.weight.detach().clone()), bias(norm.bias.detach().clone()), eps(norm.eps) {}

  void apply(const float* input, int64_t rows, float* output) const {
    ops::rowNorm(input, rows, weight.numel(), weight.const_data_ptr<float>(), bias.const_data_ptr<float>(), eps,
                 output);
  }
};

struct Block {
  Norm norm1, norm2;
  ops::PackedWeight queryKeyValue, attentionOutput, expand, contract;

  Block(const GptWeights::Block& block, at::ScalarType dtype)
      : norm1(block.norm1),
        norm2(block.norm2),
        queryKeyValue(packed(block.queryKeyValue, dtype)),
        attentionOutput(packed(block.attentionOutput, dtype)),
        expand(packed(block.expand, dtype)),
        contract(packed(block.contract, dtype)) {}

  static ops::PackedWeight packed(const GptWeights::Product& product, at::ScalarType dtype) {
    return ops::packWeight(product.weight, product.bias, dtype);
  }
};

/// A buffer that only grows.
class Workspace {
 public:
  float* reserve(int64_t count) {
    if (!buffer_.defined() || buffer_.numel() < count) buffer_ = at::empty({count}, at::kFloat);
    return buffer_.mutable_data_ptr<float>();
  }

 private:
  at::Tensor buffer_;
};

class PackedModel final : public StepModel {
 public:
  PackedModel(const GptWeights& weights, WeightFormat format)
      : positions_(weights.positions.detach().clone()),
        heads_(weights.heads),
        headWidth_(weights.headWidth),
        preNorm_(weights.preNorm),
        activation_(finishOf(weights.activation)),
        window_(weights.attentionWindow),
        output_(ops::packWeight(weights.output.t(), {}, dtypeOf(format))) {
    if (!weights.output.is_same(weights.tokens)) tokens_ = weights.tokens.detach().clone();
    if (weights.norm) norm_.emplace(*weights.norm);
    blocks_.reserve(weights.blocks.size());
    for (const GptWeights::Block& block : weights.blocks) blocks_.emplace_back(block, dtypeOf(format));
  }

  at::Tensor forward(std::span<const StepSequence> sequences, KeyValueBlocks& cache) override {
    std::vector<ops::AttentionTokens> tokens;
    tokens.reserve(sequences.size());
    int64_t rows = 0;
    for (const StepSequence& sequence : sequences) {
      const auto count = static_cast<int64_t>(sequence.tokens.size());
      tokens.push_back({count, sequence.position, sequence.blocks});
      rows += count;
    }
    const auto last = static_cast<int64_t>(sequences.size());
    at::Tensor hidden = at::empty({last, width()}, at::kFloat);
    if (last == 0) return hidden;
    float* const stream = hidden_.reserve(rows * width());
    embed(sequences, stream);
    for (size_t layer = 0; layer < blocks_.size(); ++layer) {
      const ops::AttentionBlocks keyValues{cache.layers[layer].keys.mutable_data_ptr<float>(),
                                           cache.layers[layer].values.mutable_data_ptr<float>(), heads_, headWidth_};
      // After the last layer's keys and values only the last tokens matter.
      const bool lastOnly = layer + 1 == blocks_.size();
      runBlock(blocks_[layer], tokens, keyValues, stream, rows, lastOnly);
    }
    float* const to = hidden.mutable_data_ptr<float>();
    if (norm_) {
      norm_->apply(stream, last, to);
    } else {
      std::copy_n(stream, last * width(), to);
    }
    return hidden;
  }

  at::Tensor logits(const at::Tensor& hidden) override {
    const at::Tensor input = hidden.contiguous();
    at::Tensor output = at::empty({input.size(0), output_.out}, at::kFloat);
    ops::packedProduct(input.const_data_ptr<float>(), input.size(0), output_, ops::Finish::None, nullptr,
                       output.mutable_data_ptr<float>());
    return output;
  }

 private:
  int64_t width() const { return positions_.size(1); }
  int64_t inner() const { return heads_ * headWidth_; }

  /// stream (rows, width) = tokens + positions
  void embed(std::span<const StepSequence> sequences, float* stream) const {
    const float* const positions = positions_.const_data_ptr<float>();
    for (const StepSequence& sequence : sequences) {
      ops::inTurn(static_cast<int64_t>(sequence.tokens.size()), width() * 8, [&](int64_t i) {
        float* const to = stream + i * width();
        const int64_t token = sequence.tokens[i];
        if (tokens_.defined()) {
          std::copy_n(tokens_.const_data_ptr<float>() + token * width(), width(), to);
        } else {
          output_.channel(token, to);
        }
        const float* const position = positions + (sequence.position + i) * width();
        std::transform(to, to + width(), position, to, std::plus<float>());
      });
      stream += static_cast<int64_t>(sequence.tokens.size()) * width();
    }
  }

  /// One decoder block over stream (rows, width), in place; with `lastOnly` the result is (sequences, width).
  void runBlock(const Block& block, std::span<const ops::AttentionTokens> tokens, const ops::AttentionBlocks& cache,
                float* stream, int64_t rows, bool lastOnly) {
    float* const normed = normed_.reserve(rows * width());
    float* const qkv = queryKeyValue_.reserve(rows * 3 * inner());
    float* const mixed = mixed_.reserve(rows * inner());
    if (preNorm_) block.norm1.apply(stream, rows, normed);
    ops::packedProduct(preNorm_ ? normed : stream, rows, block.queryKeyValue, ops::Finish::None, nullptr, qkv);
    ops::storeKeysAndValues(qkv, tokens, cache);
    ops::blockAttention(qkv, tokens, cache, window_, lastOnly, mixed);
    if (lastOnly) {
      keepLast(tokens, stream);
      rows = static_cast<int64_t>(tokens.size());
    }
    ops::packedProduct(mixed, rows, block.attentionOutput, ops::Finish::None, stream, stream);  // (rows, width)
    (preNorm_ ? block.norm2 : block.norm1).apply(stream, rows, normed);
    float* const expanded = expanded_.reserve(rows * block.expand.out);
    ops::packedProduct(normed, rows, block.expand, activation_, nullptr, expanded);
    ops::packedProduct(expanded, rows, block.contract, ops::Finish::None, preNorm_ ? stream : normed, stream);
    if (!preNorm_) block.norm2.apply(stream, rows, stream);
  }

  /// Moves each sequence's last row to the front.
  void keepLast(std::span<const ops::AttentionTokens> tokens, float* stream) const {
    int64_t row = -1;
    float* to = stream;
    for (const ops::AttentionTokens& sequence : tokens) {
      row += sequence.count;
      std::copy_n(stream + row * width(), width(), to);
      to += width();
    }
  }

  /// The token embedding, unless it is the packed output.
  at::Tensor tokens_;
  at::Tensor positions_;
  int64_t heads_, headWidth_;
  bool preNorm_;
  ops::Finish activation_;
  std::optional<int64_t> window_;
  ops::PackedWeight output_;
  std::optional<Norm> norm_;
  std::vector<Block> blocks_;
  Workspace hidden_, normed_, queryKeyValue_, mixed_, expanded_;
};

}  // namespace

std::unique_ptr<StepModel> makePackedModel(const GptWeights& weights, WeightFormat format) {
  return std::make_unique<PackedModel>(weights, format);
}

}  // namespace gptorch
