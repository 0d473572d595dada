#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/cell.h"
#include "engine/dropout_key.h"
#include "engine/item.h"
#include "engine/replayer.h"
#include "engine/session.h"
#include "ops/device_graph/device_graph.h"

namespace gptorch {

/// Calls that were recorded instead of queued, and that one queued item makes again, as often as it is asked for.
///
/// To the engine a replay is one operation: it reads, writes and overwrites what its calls do, is marked as a whole
/// when one of them fails, and counts once against the queue's limits. On a device that records launches it becomes one
/// (see Replayer), as long as no gradients outlast it: which tensor is a parameter's gradient is not the device's to
/// say.
class Graph : public std::enable_shared_from_this<Graph> {
 public:
  explicit Graph(SessionRef session) : session_(std::move(session)) {}

  // JavaScript's thread, while the function runs.

  /// Throws ArgumentError for a call that a replay could not make anew.
  void record(const std::string& call, Item item, const std::vector<SlotRef>& outputs, bool meetsOutside);
  /// Tensors that were made in the recording are freed at this place of each replay.
  /// Throws ArgumentError when one was made before.
  void recordRelease(std::vector<SlotRef> slots);
  /// What the recording's dropouts draw from.
  const std::shared_ptr<ReplayKey>& key() const { return key_; }
  /// The function is over. What it made and did not free is filled by each replay.
  void finish();
  /// The function threw: nothing has happened, and what it made is nothing.
  void drop();

  // JavaScript's thread, afterwards.

  /// Queues the calls as one item.
  /// Throws Error(QueueFull, Disposed) before any effect.
  void replay(const RandomKey& key);
  /// Queues the release of the recording. Idempotent.
  void dispose();
  /// How many replays were one launch of a device.
  int64_t launches() const { return replayer_.launches(); }

 private:
  void requireDevice(const std::string& call, const std::vector<CellRef>& cells);
  void classify();
  /// Engine thread: whether it uses gradients and there are some already.
  bool findsGradients() const;
  void run(const RandomKey& key);
  void execute();
  static void perform(Item& item);

  const SessionRef session_;
  const std::shared_ptr<ReplayKey> key_ = std::make_shared<ReplayKey>();
  /// Of every tensor in it.
  std::optional<at::Device> device_;
  std::unordered_set<Cell*> made_;
  /// Made in it and not freed there.
  std::vector<SlotRef> results_;
  /// Tensors of others that it reads or changes.
  std::vector<SlotRef> outside_;
  std::vector<CellRef> reads_, writes_, overwrites_;
  /// Whether it uses gradients, and whether there are some after it.
  bool usesGradients_ = false, leavesGradients_ = false;
  bool disposed_ = false;
  /// The engine's side only, once the function is over.
  std::vector<Item> items_;
  Replayer<ops::DeviceGraph> replayer_;
};

}  // namespace gptorch
