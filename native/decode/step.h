#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace gptorch {

/// Keys and values of many sequences in blocks of a fixed number of tokens; a sequence names the blocks that are its
/// own or that it shares. The engine's side only.
struct KeyValueBlocks {
  static constexpr int64_t kBlockLength = 32;

  struct Layer {
    /// (blocks, heads, headWidth, kBlockLength), contiguous: transposed, so that a query's scores with a
    /// block's keys are sums of whole vectors.
    at::Tensor keys;
    /// (blocks, heads, kBlockLength, headWidth), contiguous.
    at::Tensor values;
  };
  std::vector<Layer> layers;
  /// Another one, whenever the tensors are others.
  int64_t version = 0;
};

/// The new tokens of one sequence.
struct StepSequence {
  /// At least one.
  std::vector<int64_t> tokens;
  /// Place of the first of them; the tokens before are in the cache.
  int64_t position = 0;
  /// The block that holds tokens i · kBlockLength … (i + 1) · kBlockLength - 1, for each i up to the last new token.
  std::vector<int32_t> blocks;
};

/// Runs a GPT over the new tokens of several sequences at once.
class StepModel {
 public:
  virtual ~StepModel() = default;

  /// Puts all new tokens' keys and values into the cache.
  /// @return hidden states of each sequence's last token, after the final norm: (sequences, width) float32; they hold
  /// until the next call
  virtual at::Tensor forward(std::span<const StepSequence> sequences, KeyValueBlocks& cache) = 0;

  /// (rows, width) → (rows, vocabSize) float32
  virtual at::Tensor logits(const at::Tensor& hidden) = 0;

  /// Frees what only saves time: memory is short, or the cache is about to be another.
  virtual void trim() {}

  /// Steps that were one launch of a device.
  virtual int64_t launches() const { return 0; }
};

}  // namespace gptorch
