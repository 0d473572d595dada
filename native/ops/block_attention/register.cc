#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <span>
#include <vector>

#include "ops/block_attention/block_attention.h"
#include "ops/block_attention/check.h"
#include "ops/block_attention/operator.h"

namespace gptorch::ops {

namespace {

constexpr int64_t kLength = AttentionBlocks::kLength;

/// Rows that follow each other in one sequence become one entry; those of padding none.
std::vector<AttentionTokens> tokensOf(const at::Tensor& tables, const at::Tensor& sequences,
                                      const at::Tensor& positions, int64_t blocks) {
  const std::span<const int32_t> sequence(sequences.const_data_ptr<int32_t>(), sequences.numel());
  const auto* const position = positions.const_data_ptr<int32_t>();
  const auto width = static_cast<size_t>(tables.size(1));
  std::vector<AttentionTokens> all;
  for (size_t row = 0; row < sequence.size(); ++row) {
    const bool goesOn = row > 0 && sequence[row] == sequence[row - 1];
    if (sequence[row] < 0) {
      TORCH_CHECK(row + 1 == sequence.size() || sequence[row + 1] < 0, "block_attention: padding must come last");
      continue;
    }
    TORCH_CHECK(sequence[row] < tables.size(0) && position[row] >= 0 && position[row] / kLength < tables.size(1),
                "block_attention: row ", row, " is outside the tables");
    const int32_t* const own = tables.const_data_ptr<int32_t>() + static_cast<size_t>(sequence[row]) * width;
    const int32_t block = own[position[row] / kLength];
    TORCH_CHECK(block >= 0 && block < blocks, "block_attention: there is no block ", block);
    if (goesOn) {
      TORCH_CHECK(position[row] == position[row - 1] + 1, "block_attention: row ", row,
                  " does not follow the one before");
      ++all.back().count;
    } else {
      all.push_back({1, position[row], {own, width}});
    }
  }
  return all;
}

at::Tensor attend(const at::Tensor& input, at::Tensor& keys, at::Tensor& values, const at::Tensor& tables,
                  const at::Tensor& sequences, const at::Tensor& positions, std::optional<int64_t> window,
                  bool lastOnly) {
  checkBlockAttention(input, keys, values, tables, sequences, positions, window);
  TORCH_CHECK(keys.scalar_type() == at::kFloat, "block_attention: on the CPU keys must be float32, not ",
              keys.scalar_type());
  const AttentionBlocks blocks{keys.mutable_data_ptr<float>(), values.mutable_data_ptr<float>(), keys.size(1),
                               keys.size(2)};
  const std::vector<AttentionTokens> tokens = tokensOf(tables, sequences, positions, keys.size(0));
  int64_t rows = 0;
  for (const AttentionTokens& each : tokens) rows += each.count;
  const int64_t outputRows = lastOnly ? tables.size(0) : input.size(0);
  TORCH_CHECK(!lastOnly || static_cast<int64_t>(tokens.size()) == outputRows,
              "block_attention: last rows are asked for of ", outputRows, " sequences, ", tokens.size(), " have rows");
  at::Tensor output = at::empty({outputRows, blocks.inner()}, input.options());
  if (!lastOnly) output.narrow(0, rows, outputRows - rows).zero_();
  storeKeysAndValues(input.const_data_ptr<float>(), tokens, blocks);
  blockAttention(input.const_data_ptr<float>(), tokens, blocks, window, lastOnly, output.mutable_data_ptr<float>());
  return output;
}

}  // namespace

at::Tensor attendToBlocks(const at::Tensor& input, at::Tensor& keys, at::Tensor& values, const at::Tensor& tables,
                          const at::Tensor& sequences, const at::Tensor& positions, std::optional<int64_t> window,
                          bool lastOnly) {
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("gptorch::block_attention", "").typed<decltype(attendToBlocks)>();
  return op.call(input, keys, values, tables, sequences, positions, window, lastOnly);
}

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def(
      "block_attention(Tensor input, Tensor(a!) keys, Tensor(b!) values, Tensor tables, Tensor sequences, Tensor "
      "positions, int? window, bool last_only) -> Tensor");
}
TORCH_LIBRARY_IMPL(gptorch, CPU, library) { library.impl("block_attention", attend); }

}  // namespace gptorch::ops
