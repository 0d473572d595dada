#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/BFloat16.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>

#include "ops/block_attention/check.h"
#include "ops/block_attention/cuda/attend.h"

namespace gptorch::ops {

namespace {

/// What rows that are computed together may leave for the combining pass: enough to fill a device many times.
constexpr int64_t kSplitBytes = int64_t{64} << 20;

template <typename T>
void attendIn(const AttentionRows<T>& rows, float* output, const at::TensorOptions& options) {
  storeRowsOnDevice(rows);
  constexpr int64_t kLength = AttentionSplits::kLength;
  const int64_t count = (rows.tableWidth * AttentionBlocks::kLength + kLength - 1) / kLength;
  const int64_t floats = AttentionSplits::floatsOf(rows.heads, count, rows.headWidth);
  const int64_t together =
      std::clamp<int64_t>(kSplitBytes / (floats * static_cast<int64_t>(sizeof(float))), 1, rows.rows);
  const at::Tensor buffer = at::empty({together * floats}, options);
  const int64_t each = together * rows.heads * count;
  float* const highest = buffer.mutable_data_ptr<float>();
  for (int64_t first = 0; first < rows.rows; first += together) {
    const AttentionSplits splits{first, count, highest, highest + each, highest + 2 * each};
    attendOnDevice(rows, splits, std::min(together, rows.rows - first), output);
  }
}

template <typename T>
AttentionRows<T> rowsOf(const at::Tensor& input, at::Tensor& keys, at::Tensor& values, const at::Tensor& tables,
                        const at::Tensor& sequences, const at::Tensor& positions, std::optional<int64_t> window,
                        bool lastOnly) {
  return {input.const_data_ptr<float>(),
          keys.mutable_data_ptr<T>(),
          values.mutable_data_ptr<T>(),
          tables.const_data_ptr<int32_t>(),
          sequences.const_data_ptr<int32_t>(),
          positions.const_data_ptr<int32_t>(),
          input.size(0),
          keys.size(0),
          tables.size(0),
          tables.size(1),
          keys.size(1),
          keys.size(2),
          window.value_or(0),
          lastOnly};
}

at::Tensor attendCuda(const at::Tensor& input, at::Tensor& keys, at::Tensor& values, const at::Tensor& tables,
                      const at::Tensor& sequences, const at::Tensor& positions, std::optional<int64_t> window,
                      bool lastOnly) {
  checkBlockAttention(input, keys, values, tables, sequences, positions, window);
  const c10::DeviceGuard guard(input.device());
  const int64_t inner = keys.size(1) * keys.size(2);
  const at::Tensor output = lastOnly ? at::zeros({tables.size(0), inner}, input.options())
                                     : at::empty({input.size(0), inner}, input.options());
  if (input.numel() == 0) return output;
  const auto attend = [&]<typename T>(T) {
    attendIn(rowsOf<T>(input, keys, values, tables, sequences, positions, window, lastOnly),
             output.mutable_data_ptr<float>(), input.options());
  };
  if (keys.scalar_type() == at::kFloat) {
    attend(float{});
  } else {
    TORCH_CHECK(keys.scalar_type() == at::kBFloat16, "block_attention: keys must be float32 or bfloat16, not ",
                keys.scalar_type());
    attend(c10::BFloat16{});
  }
  return output;
}

}  // namespace

TORCH_LIBRARY_IMPL(gptorch, CUDA, library) { library.impl("block_attention", attendCuda); }

}  // namespace gptorch::ops
