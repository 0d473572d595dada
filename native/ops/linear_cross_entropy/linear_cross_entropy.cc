#include "ops/linear_cross_entropy/linear_cross_entropy.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include "ops/grain.h"
#include "ops/linear_cross_entropy/check.h"
#include "ops/linear_cross_entropy/softmax_rows.h"
#include "ops/matrix_product/matrix_product.h"
#include "ops/matrix_product/transpose.h"

namespace gptorch::ops {

namespace {

/// Each chunk after the first reads and writes the whole gradient of the weight once more: 16 MiB took 4 % less time
/// than 8.
constexpr int64_t kChunkBytes = int64_t{16} << 20;
/// Of a reduced dtype the gradient is widened and added besides: with 64 MiB a step of 1024 rows took half the time.
constexpr int64_t kReducedChunkBytes = int64_t{64} << 20;
constexpr int64_t kLeastRows = 64;

using Result = std::tuple<at::Tensor, at::Tensor, at::Tensor>;
using RowWeights = std::optional<at::Tensor>;

/// The places (counted) int64 of the rows whose target is not `ignoreIndex`.
at::Tensor countedRows(const at::Tensor& targets, int64_t vocabSize, int64_t ignoreIndex) {
  const int64_t* target = targets.const_data_ptr<int64_t>();
  std::vector<int64_t> places;
  places.reserve(targets.numel());
  for (int64_t i = 0; i < targets.numel(); ++i) {
    if (target[i] == ignoreIndex) continue;
    TORCH_CHECK_INDEX(target[i] >= 0 && target[i] < vocabSize, "linear_cross_entropy: target ", target[i], " at row ",
                      i, " is outside the vocabulary of ", vocabSize);
    places.push_back(i);
  }
  at::Tensor result = at::empty({static_cast<int64_t>(places.size())}, targets.options());
  std::copy(places.begin(), places.end(), result.mutable_data_ptr<int64_t>());
  return result;
}

template <typename T>
void softmaxChunk(const at::Tensor& logits, const int64_t* targets, const float* rowWeights, double* losses,
                  bool gradient, double scale) {
  const int64_t columns = logits.size(1);
  T* data = logits.mutable_data_ptr<T>();
  const int64_t grain = std::max<int64_t>(1, kGrain / columns);
  at::parallel_for(0, logits.size(0), grain, [&](int64_t first, int64_t last) {
    softmaxRows(data + first * columns, targets + first, rowWeights ? rowWeights + first : nullptr, losses + first,
                last - first, columns, gradient, static_cast<T>(scale));
  });
}

Result forwardCpu(const at::Tensor& allHidden, const at::Tensor& weightInput, const at::Tensor& allTargets,
                  const RowWeights& allRowWeights, int64_t ignoreIndex, bool mean, int64_t chunkRows,
                  bool hiddenGradient, bool weightGradient) {
  checkLinearCrossEntropy(allHidden, weightInput, allTargets, allRowWeights, mean);
  const at::Tensor weight = weightInput.contiguous();
  const int64_t vocabSize = weight.size(0);
  // Rows that count in no loss cost nothing: padding is left out of every product.
  const at::Tensor places = countedRows(allTargets.contiguous(), vocabSize, ignoreIndex);
  const int64_t rows = places.size(0);
  const bool all = rows == allHidden.size(0);
  const auto counted = [&](const at::Tensor& t) { return all ? t.contiguous() : at::index_select(t, 0, places); };
  const at::Tensor hidden = counted(allHidden), targets = counted(allTargets);
  const at::Tensor rowWeights = allRowWeights ? counted(*allRowWeights) : at::Tensor();
  const float* rowWeight = rowWeights.defined() ? rowWeights.const_data_ptr<float>() : nullptr;
  const double scale = mean ? (rows == 0 ? 0.0 : 1.0 / static_cast<double>(rows)) : 1.0;
  const at::ScalarType computeDtype = lossDtype(hidden.scalar_type());
  const bool gradient = hiddenGradient || weightGradient;
  if (chunkRows <= 0) {
    const int64_t bytes = at::isReducedFloatingType(hidden.scalar_type()) ? kReducedChunkBytes : kChunkBytes;
    chunkRows = std::max(kLeastRows, bytes / std::max<int64_t>(1, 4 * vocabSize));
  }

  at::Tensor gradHidden = at::empty(hiddenGradient ? hidden.sizes() : at::IntArrayRef{0}, hidden.options());
  // Transposed: the smaller factor, hidden, is then the one that a product has to lay out anew.
  at::Tensor transposedGradWeight;  // (width, vocabSize)
  std::vector<double> losses(rows);
  for (int64_t first = 0; first < rows; first += chunkRows) {
    const int64_t count = std::min(chunkRows, rows - first);
    const at::Tensor h = hidden.narrow(0, first, count);                // (chunk, width)
    at::Tensor logits = matrixProduct(h, weight.t()).to(computeDtype);  // (chunk, vocabSize)
    const int64_t* target = targets.const_data_ptr<int64_t>() + first;
    const float* rowScale = rowWeight ? rowWeight + first : nullptr;
    if (computeDtype == at::kDouble) {
      softmaxChunk<double>(logits, target, rowScale, losses.data() + first, gradient, scale);
    } else {
      softmaxChunk<float>(logits, target, rowScale, losses.data() + first, gradient, scale);
    }
    if (!gradient) continue;
    const at::Tensor gradLogits = logits.to(hidden.scalar_type());  // (chunk, vocabSize)
    if (hiddenGradient) gradHidden.narrow(0, first, count).copy_(matrixProduct(gradLogits, weight));  // (chunk, width)
    if (weightGradient) addProduct(transposedGradWeight, h.t(), gradLogits);
  }
  const at::Tensor gradWeight = transposedGradWeight.defined()
                                    ? transposedCopy(transposedGradWeight).to(weight.scalar_type())
                                    : at::zeros(weightGradient ? weight.sizes() : at::IntArrayRef{0}, weight.options());
  if (hiddenGradient && !all) {
    gradHidden = at::zeros(allHidden.sizes(), hidden.options()).index_copy_(0, places, gradHidden);  // (rows, width)
  }

  double total = 0;
  for (int64_t i = 0; i < rows; ++i) total += losses[i] * (rowWeight ? rowWeight[i] : 1.0);
  return {at::scalar_tensor(total * scale, hidden.options().dtype(computeDtype)), gradHidden, gradWeight};
}

Result forwardMeta(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                   const RowWeights& rowWeights, int64_t, bool mean, int64_t, bool hiddenGradient,
                   bool weightGradient) {
  checkLinearCrossEntropy(hidden, weight, targets, rowWeights, mean);
  return {at::empty({}, hidden.options().dtype(lossDtype(hidden.scalar_type()))),
          hiddenGradient ? at::empty_like(hidden, at::MemoryFormat::Contiguous) : at::empty({0}, hidden.options()),
          weightGradient ? at::empty_like(weight, at::MemoryFormat::Contiguous) : at::empty({0}, weight.options())};
}

Result forward(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
               const RowWeights& rowWeights, int64_t ignoreIndex, bool mean, int64_t chunkRows, bool hiddenGradient,
               bool weightGradient) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::linear_cross_entropy_forward", "")
                             .typed<Result(const at::Tensor&, const at::Tensor&, const at::Tensor&, const RowWeights&,
                                           int64_t, bool, int64_t, bool, bool)>();
  return op.call(hidden, weight, targets, rowWeights, ignoreIndex, mean, chunkRows, hiddenGradient, weightGradient);
}

class LinearCrossEntropyFunction : public torch::autograd::Function<LinearCrossEntropyFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden,
                            const at::Tensor& weight, const at::Tensor& targets, const RowWeights& rowWeights,
                            int64_t ignoreIndex, bool mean, int64_t chunkRows) {
    at::AutoDispatchBelowADInplaceOrView guard;
    auto [loss, gradHidden, gradWeight] =
        ops::forward(hidden, weight, targets, rowWeights, ignoreIndex, mean, chunkRows, context->needs_input_grad(0),
                     context->needs_input_grad(1));
    context->save_for_backward({gradHidden, gradWeight});
    return loss;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    // The stored gradients have no history: a second derivative would be silently wrong.
    TORCH_CHECK(!at::GradMode::is_enabled(), "linear_cross_entropy has no second derivative (create_graph)");
    const auto saved = context->get_saved_variables();
    const auto scaled = [&](size_t i) {
      return context->needs_input_grad(i) ? saved[i] * gradients[0].to(saved[i].scalar_type()) : at::Tensor();
    };
    return {scaled(0), scaled(1), {}, {}, {}, {}, {}};
  }
};

at::Tensor plain(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                 const RowWeights& rowWeights, int64_t ignoreIndex, bool mean, int64_t chunkRows) {
  return std::get<0>(forward(hidden, weight, targets, rowWeights, ignoreIndex, mean, chunkRows, false, false));
}

at::Tensor autograd(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                    const RowWeights& rowWeights, int64_t ignoreIndex, bool mean, int64_t chunkRows) {
  // Function::apply records no edges where no gradient is wanted, and needs_input_grad would then throw.
  if (at::GradMode::is_enabled() && (hidden.requires_grad() || weight.requires_grad())) {
    return LinearCrossEntropyFunction::apply(hidden, weight, targets, rowWeights, ignoreIndex, mean, chunkRows);
  }
  const at::AutoDispatchBelowADInplaceOrView guard;
  return linearCrossEntropy(hidden, weight, targets, rowWeights, ignoreIndex, mean, chunkRows);
}

template <c10::DeviceType device>
at::Tensor autocast(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                    const RowWeights& rowWeights, int64_t ignoreIndex, bool mean, int64_t chunkRows) {
  const c10::impl::ExcludeDispatchKeyGuard guard(at::autocast::get_autocast_dispatch_key_from_device_type(device));
  const auto dtype = at::autocast::get_autocast_dtype(device);
  return linearCrossEntropy(at::autocast::cached_cast(dtype, hidden, device),
                            at::autocast::cached_cast(dtype, weight, device), targets, rowWeights, ignoreIndex, mean,
                            chunkRows);
}

}  // namespace

at::Tensor linearCrossEntropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets,
                              const std::optional<at::Tensor>& rowWeights, int64_t ignoreIndex, bool mean,
                              int64_t chunkRows) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("gptorch::linear_cross_entropy", "")
                             .typed<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                               const std::optional<at::Tensor>&, int64_t, bool, int64_t)>();
  return op.call(hidden, weight, targets, rowWeights, ignoreIndex, mean, chunkRows);
}

TORCH_LIBRARY_FRAGMENT(gptorch, library) {
  library.def(
      "linear_cross_entropy(Tensor hidden, Tensor weight, Tensor targets, Tensor? row_weights, int ignore_index,"
      " bool mean, int chunk_rows) -> Tensor");
  library.def(
      "linear_cross_entropy_forward(Tensor hidden, Tensor weight, Tensor targets, Tensor? row_weights,"
      " int ignore_index, bool mean, int chunk_rows, bool hidden_gradient, bool weight_gradient) -> (Tensor, Tensor, "
      "Tensor)");
}
TORCH_LIBRARY_IMPL(gptorch, CompositeExplicitAutograd, library) { library.impl("linear_cross_entropy", plain); }
TORCH_LIBRARY_IMPL(gptorch, CPU, library) { library.impl("linear_cross_entropy_forward", forwardCpu); }
TORCH_LIBRARY_IMPL(gptorch, Meta, library) { library.impl("linear_cross_entropy_forward", forwardMeta); }
TORCH_LIBRARY_IMPL(gptorch, Autograd, library) { library.impl("linear_cross_entropy", autograd); }
TORCH_LIBRARY_IMPL(gptorch, AutocastCPU, library) { library.impl("linear_cross_entropy", autocast<at::kCPU>); }
TORCH_LIBRARY_IMPL(gptorch, AutocastCUDA, library) { library.impl("linear_cross_entropy", autocast<at::kCUDA>); }

}  // namespace gptorch::ops
