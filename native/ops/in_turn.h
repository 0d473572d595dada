#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "ops/grain.h"
#include "ops/worker_pool.h"

namespace gptorch::ops {

/// Calls work(i) for each i below `count`, each costing about `cost` multiply-adds, on as many of torch's number of
/// threads as that is worth.
template <class Work>
void inTurn(int64_t count, int64_t cost, Work&& work) {
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), count * cost / kGrain);
  const auto call = [](void* context, int64_t index) {
    (*static_cast<std::remove_reference_t<Work>*>(context))(index);
  };
  WorkerPool::shared().run(count, static_cast<int>(threads), call, &work);
}

}  // namespace gptorch::ops
