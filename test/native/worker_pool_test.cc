#include "ops/worker_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "check.h"

namespace gptorch::test {

namespace {

using ops::WorkerPool;

/// Runs work(i) for each i.
template <class Work>
void run(int64_t count, int threads, Work work, WorkerPool& pool = WorkerPool::shared()) {
  pool.run(count, threads, [](void* context, int64_t i) { (*static_cast<Work*>(context))(i); }, &work);
}

/// So much more memory, stacks of threads among it, does the system give while it lives.
class ScarceMemory {
 public:
  explicit ScarceMemory(rlim_t bytes) {
    getrlimit(RLIMIT_AS, &before_);
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit scarce = before_;
    scarce.rlim_cur = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + bytes;
    setrlimit(RLIMIT_AS, &scarce);
  }
  ~ScarceMemory() { setrlimit(RLIMIT_AS, &before_); }
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;

 private:
  rlimit before_{};
};

/// Jobs of all sizes, back to back and with pauses in which the threads go to sleep: each piece is done once, and
/// before the call returns. What a piece reads and writes is plain memory, for the thread sanitizer to judge.
void doesEachPieceOnce() {
  for (int job = 0; job < 3000; ++job) {
    const int64_t count = job % 37;
    std::vector<int> done(static_cast<size_t>(count));
    run(count, 1 + job % 5, [&done, job](int64_t i) { done[static_cast<size_t>(i)] += job + 1; });
    for (const int each : done) checkEqual(each, job + 1);
    if (job % 1000 == 999) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// Two pieces that wait for each other end only where two threads have them at once.
void sharesTheWork() {
  std::atomic<int> begun = 0;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  run(2, 2, [&](int64_t) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  checkEqual(threads.size(), 2u);
}

/// Work inside work, and callers beside each other, run on the thread that asks.
void runsWhatOverlapsOnItsCaller() {
  std::atomic<int64_t> sum = 0;
  const auto job = [&sum] {
    for (int repeat = 0; repeat < 200; ++repeat) {
      run(4, 3, [&sum](int64_t) { run(5, 3, [&sum](int64_t i) { sum += i; }); });
    }
  };
  std::thread other(job);
  job();
  other.join();
  checkEqual(sum.load(), 2 * 200 * 4 * 10);
}

/// A pool that cannot have its threads does the work all the same, and shares it among those that it has.
void makesDoWithFewerThreads() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // As the shared one, never destroyed: its threads wait.
  WorkerPool& pool = *std::make_unique<WorkerPool>().release();
  std::atomic<int64_t> sum = 0;
  {
    const ScarceMemory stacks(24 << 20);
    run(100, 256, [&sum](int64_t i) { sum += i; }, pool);
  }
  checkEqual(sum.load(), 4950);
  std::atomic<int> begun = 0;
  run(
      2, 2,
      [&begun](int64_t) {
        ++begun;
        while (begun < 2) std::this_thread::yield();
      },
      pool);
  checkEqual(begun.load(), 2);
#endif
}

}  // namespace

std::vector<Test> workerPoolTests() {
  return {{"worker pool: does each piece once", doesEachPieceOnce},
          {"worker pool: shares the work", sharesTheWork},
          {"worker pool: runs what overlaps on its caller", runsWhatOverlapsOnItsCaller},
          {"worker pool: makes do with fewer threads", makesDoWithFewerThreads}};
}

}  // namespace gptorch::test
