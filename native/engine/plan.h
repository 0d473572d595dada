#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "engine/cell.h"
#include "engine/meta.h"

namespace gptorch {

using Values = std::vector<at::Tensor>;

/// One checked call, ready to be queued: what it reads and writes, what it will give, and how.
///
/// A plan is made on the JavaScript thread from descriptions alone (no torch call there). The engine compares
/// what `run` returns with `outputs` each time, in every build.
struct Plan {
  /// Tensors whose values `run` receives, in order.
  std::vector<SlotRef> inputs;
  /// Descriptions of the tensors that `run` returns, in order.
  std::vector<Meta> outputs;
  std::function<Values(const Values& inputs)> run;

  /// State beyond the inputs that is read (gradients, a module's parameters).
  std::vector<CellRef> reads;
  /// State that is changed in place; lost when the operation fails.
  std::vector<CellRef> writes;
  /// State that is replaced whatever it held; a failure recorded there is healed by success.
  std::vector<CellRef> overwrites;
  /// Gradient cells beyond the inputs' own that a backward pass through the outputs will write.
  Roots roots;
  /// Backward, optimizer steps and the like: they free memory, so they enter however full the queue is.
  bool alwaysEnters = false;
  bool differentiable = true;
  /// Honours the session's autocast; its results' dtypes do not depend on it.
  bool autocasts = false;
  /// Brings values in from JavaScript or a file, or writes them to one: not done anew by a replay, so it is not
  /// recorded.
  bool meetsOutside = false;
  /// Bytes that the queued call itself holds (uploads); they count against the queue's limit.
  size_t capturedBytes = 0;
};

}  // namespace gptorch
