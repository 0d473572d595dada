#include <ATen/Dispatch.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "ops/linear_cross_entropy/check.h"
#include "ops/linear_cross_entropy/cuda/softmax_rows.h"

namespace gptorch::ops {

namespace {

/// A chunk's logits: large enough that the products of GPT-2's sizes fill a device, and that the weight's gradient is
/// read and written anew only a few times. Chosen by calculation, not yet by measurement.
constexpr int64_t kChunkBytes = int64_t{256} << 20;
constexpr int64_t kLeastRows = 64;
/// A row of logits begins at a multiple of so many elements: then a vocabulary of 50,257 is as fast as one of 50,304.
constexpr int64_t kAlignment = 64;

using Result = std::tuple<at::Tensor, at::Tensor, at::Tensor>;
using RowWeights = std::optional<at::Tensor>;

void checkDevices(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                  const RowWeights& rowWeights) {
  const bool together = weight.device() == hidden.device() && targets.device() == hidden.device() &&
                        (!rowWeights || rowWeights->device() == hidden.device());
  TORCH_CHECK(together, "linear_cross_entropy: all tensors must be on one device; hidden is on ", hidden.device(),
              ", weight on ", weight.device(), ", targets on ", targets.device());
}

/// Adds a · b to `sum` (undefined counts as 0), which is float32 where a and b have a reduced dtype: a sum over chunks
/// in bfloat16 would be rounded at each.
void accumulate(at::Tensor& sum, const at::Tensor& a, const at::Tensor& b) {
  const at::ScalarType dtype = lossDtype(a.scalar_type());
  const bool widens = dtype != a.scalar_type();
  if (!sum.defined()) {
    sum = widens ? at::mm(a, b, dtype) : at::mm(a, b);
  } else if (widens) {
    at::addmm_out(sum, sum, a, b, dtype);
  } else {
    sum.addmm_(a, b);
  }
}

/// As on the CPU, but nothing is read back: rows that do not count stay in the products, as zeros, so that nobody waits
/// for the device and the step can be captured in a graph.
Result forwardCuda(const at::Tensor& allHidden, const at::Tensor& weightInput, const at::Tensor& targetsInput,
                   const RowWeights& rowWeightsInput, int64_t ignoreIndex, bool mean, int64_t chunkRows,
                   bool hiddenGradient, bool weightGradient) {
  checkLinearCrossEntropy(allHidden, weightInput, targetsInput, rowWeightsInput, mean);
  checkDevices(allHidden, weightInput, targetsInput, rowWeightsInput);
  const c10::DeviceGuard guard(allHidden.device());
  const at::Tensor hidden = allHidden.contiguous(), weight = weightInput.contiguous();
  const at::Tensor targets = targetsInput.contiguous();
  const at::Tensor rowWeights = rowWeightsInput ? rowWeightsInput->contiguous() : at::Tensor();
  const int64_t rows = hidden.size(0), vocabSize = weight.size(0);
  const bool gradient = hiddenGradient || weightGradient;
  const at::TensorOptions doubles = hidden.options().dtype(at::kDouble);
  // 1 where nothing counts: all losses and gradients are 0 then.
  const at::Tensor scale =
      mean ? targets.ne(ignoreIndex).sum().clamp_min(1).to(at::kDouble).reciprocal() : at::ones({}, doubles);

  const int64_t stride = (vocabSize + kAlignment - 1) / kAlignment * kAlignment;
  const int64_t rowBytes = stride * static_cast<int64_t>(hidden.element_size());
  if (chunkRows <= 0) chunkRows = std::max(kLeastRows, kChunkBytes / std::max<int64_t>(1, rowBytes));
  const at::Tensor buffer = at::empty({std::min(chunkRows, rows), stride}, hidden.options());
  const at::Tensor losses = at::empty({rows}, doubles);
  at::Tensor gradHidden = at::empty(hiddenGradient ? hidden.sizes() : at::IntArrayRef{0}, hidden.options());
  at::Tensor gradWeight;  // (vocabSize, width)
  for (int64_t first = 0; first < rows; first += chunkRows) {
    const int64_t count = std::min(chunkRows, rows - first);
    const at::Tensor h = hidden.narrow(0, first, count);                     // (chunk, width)
    at::Tensor logits = buffer.narrow(0, 0, count).narrow(1, 0, vocabSize);  // (chunk, vocabSize)
    at::mm_out(logits, h, weight.t());
    const RowTargets counted{targets.const_data_ptr<int64_t>() + first, ignoreIndex,
                             rowWeights.defined() ? rowWeights.const_data_ptr<float>() + first : nullptr,
                             scale.const_data_ptr<double>()};
    AT_DISPATCH_FLOATING_TYPES_AND2(
        at::kBFloat16, at::kHalf, logits.scalar_type(), "gptorch::linear_cross_entropy", [&] {
          const LogitRows<scalar_t> chunk{logits.mutable_data_ptr<scalar_t>(), stride, count, vocabSize};
          softmaxRowsOnDevice(chunk, counted, losses.mutable_data_ptr<double>() + first, gradient);
        });
    if (hiddenGradient) {
      at::Tensor part = gradHidden.narrow(0, first, count);
      at::mm_out(part, logits, weight);
    }
    if (weightGradient) accumulate(gradWeight, logits.t(), h);
  }
  const at::Tensor total = (rowWeights.defined() ? losses * rowWeights : losses).sum() * scale;
  return {total.to(lossDtype(hidden.scalar_type())), gradHidden,
          gradWeight.defined() ? gradWeight.to(weight.scalar_type())
                               : at::zeros(weightGradient ? weight.sizes() : at::IntArrayRef{0}, weight.options())};
}

}  // namespace

TORCH_LIBRARY_IMPL(gptorch, CUDA, library) { library.impl("linear_cross_entropy_forward", forwardCuda); }

}  // namespace gptorch::ops
