#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace gptorch::ops {

/// Threads that share out pieces of work with the caller.
///
/// Unlike an OpenMP team's, its caller waits for nobody who has not begun: on a machine that is busy otherwise a thread
/// that the system holds back costs what it has taken on, not a share of the work or a time slice at each barrier.
class WorkerPool {
 public:
  /// The process's own. It and its threads, which sleep when there is nothing to do, are never destroyed.
  static WorkerPool& shared();

  /// Calls work(context, i) for each i below `count`, on the caller and up to `threads` - 1 others, each taking the
  /// next as it gets done. `work` must not throw. From inside work, or while another thread's run goes on: all on the
  /// caller.
  void run(int64_t count, int threads, void (*work)(void* context, int64_t index), void* context);

 private:
  /// The number of the job above, pieces nobody has taken below.
  using Ticket = uint64_t;

  void grow(int workers);
  void serve(int worker);
  /// Takes pieces of the job until none is left.
  void help(Ticket job);
  /// Waits for a job other than `seen` and returns its number.
  Ticket await(Ticket seen);

  std::atomic<bool> running_ = false;
  int workers_ = 0;

  // The job. Written between jobs, read by who holds a piece of it.
  void (*work_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  std::atomic<int> helpers_ = 0;
  alignas(64) std::atomic<Ticket> ticket_ = 0;
  alignas(64) std::atomic<int64_t> unfinished_ = 0;

  std::mutex sleeping_;
  std::condition_variable wake_;
  std::atomic<int> sleepers_ = 0;
};

}  // namespace gptorch::ops
