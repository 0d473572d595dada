#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <vector>

#include "ops/block_attention/block_attention.h"

// The kernels as an operator, so that Python can check them.
namespace gptorch::ops {

namespace {

/// Stores the keys and values of input (tokens, 3 · inner) and attends. Sequence i has counts[i] new tokens from
/// positions[i] on and the blocks of row i of `tables`.
at::Tensor attend(const at::Tensor& input, at::Tensor& keys, at::Tensor& values, const at::Tensor& tables,
                  at::IntArrayRef counts, at::IntArrayRef positions, std::optional<int64_t> window, bool lastOnly) {
  TORCH_CHECK(keys.is_contiguous() && values.is_contiguous() && tables.is_contiguous() && input.is_contiguous() &&
                  tables.scalar_type() == at::kInt && keys.dim() == 4 && keys.size(3) == AttentionBlocks::kLength,
              "block_attention: blocks and tables do not fit");
  const AttentionBlocks blocks{keys.mutable_data_ptr<float>(), values.mutable_data_ptr<float>(), keys.size(1),
                               keys.size(2)};
  std::vector<AttentionTokens> sequences;
  const auto width = static_cast<size_t>(tables.size(1));
  for (size_t i = 0; i < counts.size(); ++i) {
    sequences.push_back({counts[i], positions[i], {tables.const_data_ptr<int32_t>() + i * width, width}});
  }
  const int64_t rows = lastOnly ? static_cast<int64_t>(counts.size()) : input.size(0);
  at::Tensor output = at::empty({rows, blocks.inner()}, input.options());
  storeKeysAndValues(input.const_data_ptr<float>(), sequences, blocks);
  blockAttention(input.const_data_ptr<float>(), sequences, blocks, window, lastOnly, output.mutable_data_ptr<float>());
  return output;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def(
      "block_attention(Tensor input, Tensor(a!) keys, Tensor(b!) values, Tensor tables, int[] counts, int[] positions, "
      "int? window, bool last_only) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CPU, library) { library.impl("block_attention", attend); }

}  // namespace gptorch::ops
