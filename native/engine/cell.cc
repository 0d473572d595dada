#include "engine/cell.h"

#include <algorithm>
#include <iterator>

namespace gptorch {

Roots unite(const Roots& a, const Roots& b) {
  if (!a || a == b) return b;
  if (!b) return a;
  if (std::includes(a->begin(), a->end(), b->begin(), b->end())) return a;
  if (std::includes(b->begin(), b->end(), a->begin(), a->end())) return b;
  auto merged = std::make_shared<std::vector<CellRef>>();
  merged->reserve(a->size() + b->size());
  std::set_union(a->begin(), a->end(), b->begin(), b->end(), std::back_inserter(*merged));
  return merged;
}

}  // namespace gptorch
