#include "decode/step_layout.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <algorithm>

namespace gptorch {

StepLayout StepLayout::of(std::span<const StepSequence> sequences) {
  StepLayout layout;
  layout.sequences = static_cast<int64_t>(sequences.size());
  for (const StepSequence& sequence : sequences) {
    layout.rows += static_cast<int64_t>(sequence.tokens.size());
    layout.tableWidth = std::max(layout.tableWidth, static_cast<int64_t>(sequence.blocks.size()));
  }
  return layout;
}

at::Tensor StepLayout::pack(std::span<const StepSequence> all) const {
  at::Tensor packed = at::empty({size()}, at::kInt);
  auto* const tokens = packed.mutable_data_ptr<int32_t>();
  int32_t *const positions = tokens + rows, *const owners = positions + rows, *const last = owners + rows,
                 *const tables = last + sequences;
  std::fill_n(tokens, 2 * rows, 0);
  std::fill_n(owners, rows, -1);
  std::fill_n(last, sequences + sequences * tableWidth, 0);
  int64_t row = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& [own, position, blocks] = all[i];
    TORCH_CHECK(static_cast<int64_t>(blocks.size()) <= tableWidth,
                "internal error: a step has more blocks than it says");
    for (size_t j = 0; j < own.size(); ++j, ++row) {
      tokens[row] = static_cast<int32_t>(own[j]);
      positions[row] = static_cast<int32_t>(position + static_cast<int64_t>(j));
      owners[row] = static_cast<int32_t>(i);
    }
    last[i] = static_cast<int32_t>(row - 1);
    std::copy(blocks.begin(), blocks.end(), tables + static_cast<int64_t>(i) * tableWidth);
  }
  return packed;
}

StepInputs StepLayout::unpack(const at::Tensor& packed) const {
  int64_t from = 0;
  const auto next = [&](int64_t count) {
    const at::Tensor part = packed.narrow(0, from, count);
    from += count;
    return part;
  };
  StepInputs inputs;
  inputs.tokens = next(rows);
  inputs.positions = next(rows);
  inputs.sequences = next(rows);
  inputs.last = next(sequences);
  inputs.tables = next(sequences * tableWidth).view({sequences, tableWidth});
  return inputs;
}

}  // namespace gptorch
