#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>

#include "engine/dropout_key.h"
#include "functions/function.h"
#include "ops/linear_cross_entropy/linear_cross_entropy.h"

namespace gptorch {

namespace {

bool isMean(const Arguments& arguments, size_t index) {
  const std::string reduction = arguments.string(index, "reduction");
  if (reduction != "mean" && reduction != "sum") {
    arguments.fail("reduction must be 'mean' or 'sum', not '" + reduction + "'");
  }
  return reduction == "mean";
}

/// Logits (…, classes) against targets (…). A mean over no counted target is 0, where PyTorch gives not-a-number:
/// a batch of padding must not destroy the weights.
Plan crossEntropy(const Arguments& arguments) {
  const SlotRef logits = arguments.floating(0, "logits"), targets = arguments.indices(1, "targets");
  const int64_t ignoreIndex = arguments.integer(2, "ignoreIndex");
  const bool mean = isMean(arguments, 3);
  Shape rows = logits->meta.shape;
  if (rows.empty()) arguments.fail("logits must have a last dimension of classes");
  const int64_t classes = rows.back();
  rows.pop_back();
  if (targets->meta.shape != rows) {
    arguments.fail("targets " + toString(targets->meta.shape) + " do not fit logits " + toString(logits->meta.shape));
  }
  return planOne(
      {logits, targets}, {{}, logits->meta.dtype, logits->meta.device}, [classes, ignoreIndex, mean](const Values& v) {
        const at::Tensor flat = v[1].reshape({-1});
        at::Tensor sum = at::cross_entropy_loss(v[0].reshape({-1, classes}), flat, {}, at::Reduction::Sum, ignoreIndex);
        return mean ? sum / flat.ne(ignoreIndex).sum().clamp_min(1) : sum;
      });
}

/// (hidden (…, width), weight (vocabSize, width), targets (…), rowWeights? (…), ignoreIndex, reduction) -> scalar
Plan linearCrossEntropy(const Arguments& arguments) {
  const SlotRef hidden = arguments.floating(0, "hidden"), weight = arguments.floating(1, "weight");
  const SlotRef targets = arguments.indices(2, "targets"), rowWeights = arguments.optionalTensor(3, "rowWeights");
  const int64_t ignoreIndex = arguments.integer(4, "ignoreIndex");
  const bool mean = isMean(arguments, 5);
  requireSameKind(arguments, hidden->meta, "hidden", weight->meta, "weight");
  Shape rows = hidden->meta.shape;
  if (rows.empty() || weight->meta.rank() != 2 || rows.back() != weight->meta.shape[1]) {
    arguments.fail("hidden " + toString(hidden->meta.shape) + " and weight " + toString(weight->meta.shape) +
                   " do not fit; (…, width) and (vocabSize, width) do");
  }
  const int64_t width = rows.back();
  rows.pop_back();
  if (targets->meta.shape != rows) {
    arguments.fail("targets " + toString(targets->meta.shape) + " do not fit hidden " + toString(hidden->meta.shape));
  }
  if (rowWeights && rowWeights->meta != Meta{rows, at::kFloat, hidden->meta.device}) {
    arguments.fail("rowWeights " + toString(rowWeights->meta) + " do not fit; float32 " + toString(rows) + " do");
  }
  if (rowWeights && mean) arguments.fail("rowWeights go with reduction 'sum'");
  const at::ScalarType dtype = hidden->meta.dtype == at::kDouble ? at::kDouble : at::kFloat;
  std::vector<SlotRef> inputs = {hidden, weight, targets};
  if (rowWeights) inputs.push_back(rowWeights);
  Plan plan = planOne(inputs, {{}, dtype, hidden->meta.device}, [width, ignoreIndex, mean](const Values& v) {
    const auto weights = v.size() > 3 ? std::optional(v[3].reshape({-1})) : std::nullopt;
    return ops::linearCrossEntropy(v[0].reshape({-1, width}), v[1], v[2].reshape({-1}), weights, ignoreIndex, mean, 0);
  });
  plan.autocasts = true;
  return plan;
}

Plan dropout(const Arguments& arguments) {
  const SlotRef input = arguments.floating(0, "input");
  const double p = arguments.numberWithin(1, "p", 0, 1);
  const DropoutKey key = arguments.dropoutKey(2, "key");
  return planOne({input}, input->meta, [p, key](const Values& v) { return key.drop(v[0], p); });
}

}  // namespace

std::vector<Function> lossFunctions() {
  return {{"crossEntropy", crossEntropy}, {"linearCrossEntropy", linearCrossEntropy}, {"dropout", dropout}};
}

}  // namespace gptorch
