#include "decode/operator_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/layer_norm.h>

#include <algorithm>
#include <utility>

#include "decode/bucket_graphs.h"
#include "decode/step_layout.h"
#include "decode/weight_matrix.h"
#include "engine/device_copy.h"
#include "ops/block_attention/operator.h"
#include "ops/device_graph/device_graph.h"

namespace gptorch {

namespace {

constexpr int64_t kLength = KeyValueBlocks::kBlockLength;

at::Tensor normalize(const at::Tensor& input, const GptWeights::Norm& norm) {
  return at::layer_norm(input, {input.size(-1)}, norm.weight, norm.bias, norm.eps);
}

class OperatorModel final : public StepModel {
 public:
  OperatorModel(GptWeights weights, const OperatorModelOptions& options)
      : weights_(std::move(weights)),
        invariant_(options.invariant),
        output_(weights_.output.t(), {}, options.format),
        graphs_(makerFor(options.capture)) {
    const auto matrix = [&](const GptWeights::Product& p) { return WeightMatrix(p.weight, p.bias, options.format); };
    for (const GptWeights::Block& block : weights_.blocks) {
      layers_.push_back({block.norm1, block.norm2, matrix(block.queryKeyValue), matrix(block.attentionOutput),
                         matrix(block.expand), matrix(block.contract)});
    }
  }

  at::Tensor forward(std::span<const StepSequence> sequences, KeyValueBlocks& cache) override {
    if (cache.version != version_) graphs_.drop();
    version_ = cache.version;
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
      // The next launch writes to the same place.
      hidden.push_back(last.clone());
    }
    return at::cat(hidden);  // (sequences, width)
  }

  at::Tensor logits(const at::Tensor& hidden) override {
    if (!invariant_ || hidden.size(0) == 1) return output_.multiply(hidden);  // (rows, vocabSize)
    std::vector<at::Tensor> rows;
    for (int64_t row = 0; row < hidden.size(0); ++row) rows.push_back(output_.multiply(hidden.narrow(0, row, 1)));
    return at::cat(rows);
  }

  void trim() override { graphs_.drop(); }

  int64_t launches() const override { return graphs_.launches(); }

 private:
  using Graphs = BucketGraphs<ops::DeviceGraph, at::Tensor>;

  struct Layer {
    GptWeights::Norm norm1, norm2;
    WeightMatrix queryKeyValue, attentionOutput, expand, contract;
  };

  at::Device device() const { return weights_.tokens.device(); }

  Graphs::Maker makerFor(bool capture) const {
    if (!capture || !ops::hasDeviceGraphs(device())) return nullptr;
    return [device = device()](const ops::DeviceGraph* sharing) { return ops::makeDeviceGraph(device, sharing); };
  }

  at::Tensor forwardTogether(std::span<const StepSequence> sequences, KeyValueBlocks& cache) {
    const StepLayout exact = StepLayout::of(sequences);
    const std::optional<int64_t> bucket = exact.rows == exact.sequences ? graphs_.bucketOf(exact.rows) : std::nullopt;
    if (bucket) return forwardInBucket(*bucket, sequences, cache).narrow(0, 0, exact.rows);
    return compute(exact.unpack(copyTo(exact.pack(sequences), device())), cache);
  }

  /// A step of one token of each sequence, padded: (bucket, width).
  at::Tensor forwardInBucket(int64_t bucket, std::span<const StepSequence> sequences, KeyValueBlocks& cache) {
    // Tables of a fixed width, for any context; what is not there costs a block of the device that ends at once.
    const int64_t tableWidth = (weights_.positions.size(0) + kLength - 1) / kLength;
    const auto layoutOf = [&](int64_t rows) { return StepLayout{rows, rows, tableWidth}; };
    if (!inputs_.defined()) {
      inputs_ = at::empty({layoutOf(Graphs::kLargest).size()}, at::TensorOptions(at::kInt).device(device()));
    }
    const StepLayout layout = layoutOf(bucket);
    at::Tensor inputs = inputs_.narrow(0, 0, layout.size());
    copyInto(inputs, layout.pack(sequences));
    return graphs_.run(bucket, [this, layout, inputs, &cache] { return compute(layout.unpack(inputs), cache); });
  }

  /// Hidden states of each sequence's last row: (sequences, width). Waits for nothing.
  at::Tensor compute(const StepInputs& inputs, KeyValueBlocks& cache) const {
    // Tied weights are the same numbers on both sides, rounded ones too.
    const at::Tensor tokens = weights_.output.is_same(weights_.tokens)
                                  ? output_.columns(inputs.tokens)
                                  : at::embedding(weights_.tokens, inputs.tokens);    // (rows, width)
    at::Tensor state = tokens + at::embedding(weights_.positions, inputs.positions);  // (rows, width)
    const bool some = inputs.last.size(0) != inputs.tokens.size(0);
    for (size_t i = 0; i < layers_.size(); ++i) {
      // After the last layer's keys and values only the last rows matter.
      state = runLayer(layers_[i], state, cache.layers[i], inputs, some && i + 1 == layers_.size());
    }
    return weights_.norm ? normalize(state, *weights_.norm) : state;
  }

  /// (rows, width) → (rows, width); with `lastOnly` (sequences, width)
  at::Tensor runLayer(const Layer& layer, at::Tensor state, KeyValueBlocks::Layer& cache, const StepInputs& inputs,
                      bool lastOnly) const {
    const bool preNorm = weights_.preNorm;
    const at::Tensor queryKeyValue = layer.queryKeyValue.multiply(preNorm ? normalize(state, layer.norm1) : state);
    const at::Tensor mixed =
        ops::attendToBlocks(queryKeyValue, cache.keys, cache.values, inputs.tables, inputs.sequences, inputs.positions,
                            weights_.attentionWindow, lastOnly);
    if (lastOnly) state = state.index_select(0, inputs.last);
    state = state + layer.attentionOutput.multiply(mixed);
    const auto feedForward = [&](const at::Tensor& input) {
      return layer.contract.multiply(activate(layer.expand.multiply(input), weights_.activation));
    };
    if (preNorm) return state + feedForward(normalize(state, layer.norm2));
    state = normalize(state, layer.norm1);
    return normalize(state + feedForward(state), layer.norm2);
  }

  const GptWeights weights_;
  const bool invariant_;
  const WeightMatrix output_;
  std::vector<Layer> layers_;
  /// What recorded steps read: (…) int32, on the device.
  at::Tensor inputs_;
  /// Of the cache that recorded steps read and write.
  int64_t version_ = 0;
  Graphs graphs_;
};

}  // namespace

std::unique_ptr<StepModel> makeOperatorModel(const GptWeights& weights, const OperatorModelOptions& options) {
  return std::make_unique<OperatorModel>(weights, options);
}

}  // namespace gptorch
