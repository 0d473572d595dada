#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "engine/failure.h"
#include "engine/meta.h"

namespace gptorch {

/// A piece of state that an operation reads or writes. A failed operation marks all that it writes;
/// the mark travels with the data. Belongs to the engine thread.
struct Cell {
  virtual ~Cell() = default;
  FailureRef failure;
};
using CellRef = std::shared_ptr<Cell>;

/// The gradient cells that a value's graph leads to, sorted and distinct: what its backward pass writes.
using Roots = std::shared_ptr<const std::vector<CellRef>>;

/// Sorted union; either side may be null. Shares an operand where it already holds everything.
Roots unite(const Roots& a, const Roots& b);

/// The place of one tensor: its description, known at once, and its value, known to the engine thread.
struct Slot final : Cell {
  Slot(Meta description, Roots gradientRoots) : meta(std::move(description)), roots(std::move(gradientRoots)) {}

  const Meta meta;
  /// JavaScript's side only. Null for values that need no gradient.
  Roots roots;
  /// A parameter: released with its module, not with its handle.
  bool ownedByModule = false;
  /// JavaScript's side only: set when its handle was disposed, and whether the end of a scope did it.
  bool disposed = false;
  bool endedWithScope = false;
  /// The engine's side only.
  at::Tensor value;
};
using SlotRef = std::shared_ptr<Slot>;

}  // namespace gptorch
