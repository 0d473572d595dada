#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decode/gpt_weights.h"
#include "engine/cell.h"
#include "modules/module_state.h"

namespace gptorch {

/// The modules that make a GPT, as what computes a step sees them: their parameters, and what else they depend on.
class GptParameters {
 public:
  struct Sizes {
    int64_t vocabSize = 0, contextLength = 0, width = 0, layers = 0, heads = 0, headWidth = 0;
  };

  /// Throws ArgumentError where the modules do not make a GPT. `norm` is null for the post-norm form.
  GptParameters(const std::shared_ptr<ModuleState>& embedding, const std::vector<std::shared_ptr<ModuleState>>& blocks,
                const std::shared_ptr<ModuleState>& norm, SlotRef outputWeight);

  const Sizes& sizes() const { return sizes_; }
  at::Device device() const { return output_->meta.device; }
  /// Every parameter: what a step reads.
  const std::vector<CellRef>& cells() const { return cells_; }

  // The engine's side only.

  /// The parameters as they are now; later changes in place reach them. Throws Disposed where they are gone.
  GptWeights weights();
  /// Whether a parameter has changed since `weights` was called last. Throws Disposed where they are gone.
  bool changed() const;

 private:
  struct Norm {
    SlotRef weight, bias;
    double eps = 1e-5;
  };
  struct Product {
    SlotRef weight;
    /// Null where it has none.
    SlotRef bias;
  };
  struct Block {
    Norm norm1, norm2;
    Product queryKeyValue, attentionOutput, expand, contract;
  };
  /// A tensor's place and how often it was written to.
  struct Version {
    const void* data;
    int64_t count;
    bool operator==(const Version& other) const = default;
  };

  static Norm normOf(const ModuleState& module, const std::string& prefix, double eps);
  static Product productOf(const ModuleState& module, const std::string& prefix);
  std::vector<Version> versions() const;

  Sizes sizes_;
  SlotRef tokens_, positions_, output_;
  std::vector<Block> blocks_;
  std::optional<Norm> norm_;
  bool preNorm_ = false;
  Activation activation_ = Activation::GeluTanh;
  std::optional<int64_t> attentionWindow_;
  std::vector<SlotRef> slots_;
  std::vector<CellRef> cells_;
  std::vector<Version> known_;
};

}  // namespace gptorch
