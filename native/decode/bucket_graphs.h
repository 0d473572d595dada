#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "engine/replayer.h"

namespace gptorch {

/// A device's recordings of one kind of step, one for each bucket of batch sizes: a batch is padded to the next power
/// of two, and a bucket's third step is recorded and launched (see Replayer). All recordings lie in one memory, so what
/// a run gives holds until the next. Free of torch, so that it is tested alone; one thread's.
template <typename DeviceGraph, typename Output>
class BucketGraphs {
 public:
  /// Beyond, a step is long enough for its launches to be hidden behind it.
  static constexpr int64_t kLargest = 256;
  /// Gives a graph in the memory of `sharing`, where that is not null.
  using Maker = std::function<std::unique_ptr<DeviceGraph>(const DeviceGraph* sharing)>;

  /// @param make empty where nothing is to be recorded
  explicit BucketGraphs(Maker make) : make_(std::move(make)) {}

  /// What a batch of `rows` is padded to; none where it is to be computed as it is.
  std::optional<int64_t> bucketOf(int64_t rows) const {
    if (!make_ || rows < 1 || rows > kLargest) return std::nullopt;
    return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(rows)));
  }

  /// What `compute` gives for a bucket. It must read and write the same places each time, and find there what the step
  /// is about.
  Output run(int64_t size, const std::function<Output()>& compute) {
    const auto [place, isNew] = buckets_.try_emplace(size);
    Bucket& bucket = place->second;
    if (isNew) bucket.replayer.setMaker([this] { return make_(anyGraph()); });
    const int64_t before = bucket.replayer.launches();
    try {
      bucket.replayer.replay([&bucket, compute] { bucket.output = compute(); });
    } catch (...) {
      if (!bucket.replayer.refused()) throw;
      // The device cannot record it, or has no memory for it. Nothing is lost by computing without.
      drop();
      make_ = nullptr;
      return compute();
    }
    launches_ += bucket.replayer.launches() - before;
    return bucket.output;
  }

  /// Frees the recordings: what they read or write is elsewhere from now on, or their memory is needed.
  void drop() { buckets_.clear(); }

  /// How many runs were one launch.
  int64_t launches() const { return launches_; }

 private:
  struct Bucket {
    Output output{};
    Replayer<DeviceGraph> replayer;
  };

  const DeviceGraph* anyGraph() const {
    for (const auto& [size, bucket] : buckets_) {
      if (bucket.replayer.graph() != nullptr) return bucket.replayer.graph();
    }
    return nullptr;
  }

  Maker make_;
  std::map<int64_t, Bucket> buckets_;
  int64_t launches_ = 0;
};

}  // namespace gptorch
