#include "decode/operator_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "decode/weight_matrix.h"

namespace gptorch {

namespace {

constexpr int64_t kLength = KeyValueBlocks::kBlockLength;

at::Tensor normalize(const at::Tensor& input, const GptWeights::Norm& norm) {
  return at::layer_norm(input, {input.size(-1)}, norm.weight, norm.bias, norm.eps);
}

/// Sequences whose attention is computed at once: one with several new tokens, or any number with one.
struct Group {
  /// Rows of the step's tokens: the first, and how many.
  int64_t first = 0, rows = 0;
  /// Places in the cache that are attended to, from the first on; of the longest sequence.
  int64_t places = 0;
  at::Tensor blocks;               // (sequences, blocks of the longest) int64
  std::optional<at::Tensor> mask;  // (sequences, 1, T, places) bool; none: all are attended to
};

/// A step's tokens one behind the other, and where they belong.
struct Layout {
  at::Tensor tokens, positions;  // (N) int64
  at::Tensor blocks, places;     // (N) int64: where in the cache each token's keys and values go
  at::Tensor last;               // (sequences) int64: each sequence's last row
  std::vector<Group> groups;
};

class OperatorModel final : public StepModel {
 public:
  OperatorModel(GptWeights weights, WeightFormat format, bool invariant)
      : weights_(std::move(weights)), invariant_(invariant), output_(weights_.output.t(), {}, format) {
    const auto matrix = [format](const GptWeights::Product& p) { return WeightMatrix(p.weight, p.bias, format); };
    for (const GptWeights::Block& block : weights_.blocks) {
      layers_.push_back({block.norm1, block.norm2, matrix(block.queryKeyValue), matrix(block.attentionOutput),
                         matrix(block.expand), matrix(block.contract)});
    }
  }

  at::Tensor forward(std::span<const StepSequence> sequences, KeyValueBlocks& cache) override {
    if (!invariant_) return forwardTogether(sequences, cache);
    std::vector<at::Tensor> hidden;
    for (const StepSequence& sequence : sequences) {
      StepSequence single = sequence;
      at::Tensor last;
      for (size_t i = 0; i < sequence.tokens.size(); ++i) {
        single.tokens = {sequence.tokens[i]};
        single.position = sequence.position + static_cast<int64_t>(i);
        last = forwardTogether({&single, 1}, cache);  // (1, width)
      }
      hidden.push_back(last);
    }
    return at::cat(hidden);  // (sequences, width)
  }

  at::Tensor logits(const at::Tensor& hidden) override {
    if (!invariant_ || hidden.size(0) == 1) return output_.multiply(hidden);  // (rows, vocabSize)
    std::vector<at::Tensor> rows;
    for (int64_t row = 0; row < hidden.size(0); ++row) rows.push_back(output_.multiply(hidden.narrow(0, row, 1)));
    return at::cat(rows);
  }

 private:
  struct Layer {
    GptWeights::Norm norm1, norm2;
    WeightMatrix queryKeyValue, attentionOutput, expand, contract;
  };

  at::Tensor forwardTogether(std::span<const StepSequence> sequences, KeyValueBlocks& cache) const {
    const Layout layout = lay(sequences);
    // Tied weights are the same numbers on both sides, rounded ones too.
    const at::Tensor tokens = weights_.output.is_same(weights_.tokens)
                                  ? output_.columns(layout.tokens)
                                  : at::embedding(weights_.tokens, layout.tokens);    // (N, width)
    at::Tensor state = tokens + at::embedding(weights_.positions, layout.positions);  // (N, width)
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      const auto attention = [&](const at::Tensor& input) { return attend(layer, input, cache.layers[i], layout); };
      const auto feedForward = [&](const at::Tensor& input) {
        return layer.contract.multiply(activate(layer.expand.multiply(input), weights_.activation));
      };
      if (weights_.preNorm) {
        state = state + attention(normalize(state, layer.norm1));
        state = state + feedForward(normalize(state, layer.norm2));
      } else {
        state = normalize(state + attention(state), layer.norm1);
        state = normalize(state + feedForward(state), layer.norm2);
      }
    }
    const at::Tensor last = state.index_select(0, layout.last);  // (sequences, width)
    return weights_.norm ? normalize(last, *weights_.norm) : last;
  }

  /// (N, width) → (N, width)
  at::Tensor attend(const Layer& layer, const at::Tensor& input, KeyValueBlocks::Layer& cache,
                    const Layout& layout) const {
    const int64_t heads = weights_.heads, headWidth = weights_.headWidth;
    const at::Tensor all = layer.queryKeyValue.multiply(input).view({-1, 3, heads, headWidth});
    const at::Tensor queries = all.select(1, 0);  // (N, heads, headWidth)
    cache.keys.permute({0, 3, 1, 2}).index_put_({layout.blocks, layout.places}, all.select(1, 1));
    cache.values.permute({0, 2, 1, 3}).index_put_({layout.blocks, layout.places}, all.select(1, 2));
    at::Tensor mixed = at::empty({input.size(0), heads, headWidth}, input.options());
    for (const Group& group : layout.groups) {
      const int64_t sequences = group.blocks.size(0), count = group.blocks.size(1);
      const at::Tensor flat = group.blocks.view(-1);
      // (sequences, heads, places, headWidth)
      const at::Tensor keys = cache.keys.index_select(0, flat)
                                  .view({sequences, count, heads, headWidth, kLength})
                                  .permute({0, 2, 1, 4, 3})
                                  .reshape({sequences, heads, count * kLength, headWidth})
                                  .narrow(2, 0, group.places);
      const at::Tensor values = cache.values.index_select(0, flat)
                                    .view({sequences, count, heads, kLength, headWidth})
                                    .transpose(1, 2)
                                    .reshape({sequences, heads, count * kLength, headWidth})
                                    .narrow(2, 0, group.places);
      const at::Tensor query = queries.narrow(0, group.first, group.rows)
                                   .view({sequences, group.rows / sequences, heads, headWidth})
                                   .transpose(1, 2);  // (sequences, heads, T, headWidth)
      const at::Tensor output = at::scaled_dot_product_attention(query, keys, values, group.mask);
      mixed.narrow(0, group.first, group.rows).copy_(output.transpose(1, 2).reshape({group.rows, heads, headWidth}));
    }
    return layer.attentionOutput.multiply(mixed.view({input.size(0), heads * headWidth}));
  }

  Layout lay(std::span<const StepSequence> sequences) const {
    std::vector<int64_t> tokens, positions, blocks, places, last(sequences.size());
    Layout layout;
    const auto add = [&](size_t i) {
      const StepSequence& sequence = sequences[i];
      for (size_t j = 0; j < sequence.tokens.size(); ++j) {
        const int64_t position = sequence.position + static_cast<int64_t>(j);
        tokens.push_back(sequence.tokens[j]);
        positions.push_back(position);
        blocks.push_back(sequence.blocks[static_cast<size_t>(position / kLength)]);
        places.push_back(position % kLength);
      }
      last[i] = static_cast<int64_t>(tokens.size()) - 1;
    };
    // Those with one token come first, one group.
    std::vector<const StepSequence*> singles;
    for (size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i].tokens.size() != 1) continue;
      add(i);
      singles.push_back(&sequences[i]);
    }
    if (!singles.empty()) layout.groups.push_back(group(singles, 0));
    for (size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i].tokens.size() == 1) continue;
      layout.groups.push_back(group({&sequences[i]}, static_cast<int64_t>(tokens.size())));
      add(i);
    }
    layout.tokens = upload(tokens);
    layout.positions = upload(positions);
    layout.blocks = upload(blocks);
    layout.places = upload(places);
    layout.last = upload(last);
    return layout;
  }

  /// Sequences with equally many new tokens.
  Group group(const std::vector<const StepSequence*>& sequences, int64_t firstRow) const {
    const auto length = static_cast<int64_t>(sequences.front()->tokens.size());
    const auto count = static_cast<int64_t>(sequences.size());
    Group group;
    group.first = firstRow;
    group.rows = count * length;
    std::vector<int64_t> starts;
    for (const StepSequence* sequence : sequences) {
      starts.push_back(sequence->position);
      group.places = std::max(group.places, sequence->position + length);
    }
    const int64_t most = (group.places + kLength - 1) / kLength;
    std::vector<int64_t> table;  // Where a sequence has fewer blocks the mask hides what stands there.
    for (const StepSequence* sequence : sequences) {
      for (int64_t i = 0; i < most; ++i) {
        const int64_t own = std::min(i, (sequence->position + length - 1) / kLength);
        table.push_back(sequence->blocks[static_cast<size_t>(own)]);
      }
    }
    group.blocks = upload(table).view({count, most});
    if (count == 1 && length == 1 && !weights_.attentionWindow) return group;
    const at::Tensor row = upload(starts).view({count, 1, 1, 1}) +
                           at::arange(length, group.blocks.options()).view({length, 1});  // (sequences, 1, T, 1)
    const at::Tensor column = at::arange(group.places, group.blocks.options());           // (places)
    group.mask = column <= row;
    if (weights_.attentionWindow) group.mask = *group.mask & (column > row - *weights_.attentionWindow);
    return group;
  }

  at::Tensor upload(const std::vector<int64_t>& values) const {
    return at::tensor(values, at::kLong).to(weights_.tokens.device());
  }

  const GptWeights weights_;
  const bool invariant_;
  const WeightMatrix output_;
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<StepModel> makeOperatorModel(const GptWeights& weights, WeightFormat format, bool invariant) {
  return std::make_unique<OperatorModel>(weights, format, invariant);
}

}  // namespace gptorch
