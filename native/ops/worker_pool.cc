#include "ops/worker_pool.h"

#include <cstddef>
#include <memory>
#include <system_error>
#include <thread>

namespace gptorch::ops {

namespace {

constexpr int kJobShift = 32;
/// Looks before a thread sleeps, 20 to 100 µs: the next product of a step follows within that.
constexpr int kSpins = 3000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

WorkerPool& WorkerPool::shared() {
  // Not destroyed at exit: its threads may be waiting.
  alignas(WorkerPool) static std::byte storage[sizeof(WorkerPool)];
  static WorkerPool* const pool = std::construct_at(reinterpret_cast<WorkerPool*>(storage));
  return *pool;
}

void WorkerPool::grow(int workers) {
  try {
    for (; workers_ < workers; ++workers_) {
      std::thread([this, worker = workers_] { serve(worker); }).detach();
    }
  } catch (const std::system_error&) {
    // The system gives no more: those that there are, and the caller, do the work.
  }
}

void WorkerPool::run(int64_t count, int threads, void (*work)(void*, int64_t), void* context) {
  const bool divides = threads > 1 && count > 1 && count < (int64_t{1} << kJobShift);
  if (!divides || running_.exchange(true, std::memory_order_acquire)) {
    for (int64_t i = 0; i < count; ++i) work(context, i);
    return;
  }
  grow(threads - 1);
  work_ = work;
  context_ = context;
  helpers_.store(threads - 1, std::memory_order_relaxed);
  unfinished_.store(count, std::memory_order_relaxed);
  const Ticket job = (ticket_.load(std::memory_order_relaxed) >> kJobShift) + 1;
  // seq_cst, as in await(): either a thread that is about to sleep sees the job, or we see the sleeper.
  ticket_.store(job << kJobShift | static_cast<Ticket>(count));
  if (sleepers_.load() > 0) {
    const std::lock_guard wakeLock(sleeping_);
    wake_.notify_all();
  }
  help(job);
  for (int spins = 0; unfinished_.load(std::memory_order_acquire) > 0; ++spins) {
    // Long for one piece: its thread is held back, perhaps for want of this core.
    spins < kSpins ? pause() : std::this_thread::yield();
  }
  running_.store(false, std::memory_order_release);
}

void WorkerPool::help(Ticket job) {
  Ticket ticket = ticket_.load(std::memory_order_acquire);
  while (ticket >> kJobShift == job && static_cast<uint32_t>(ticket) > 0) {
    // A success says that the job is still this one; it stays so until the piece is done.
    if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel)) continue;
    work_(context_, static_cast<uint32_t>(ticket) - 1);
    unfinished_.fetch_sub(1, std::memory_order_release);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

WorkerPool::Ticket WorkerPool::await(Ticket seen) {
  for (int spins = 0; spins < kSpins; ++spins) {
    const Ticket job = ticket_.load(std::memory_order_acquire) >> kJobShift;
    if (job != seen) return job;
    pause();
  }
  std::unique_lock lock(sleeping_);
  ++sleepers_;
  wake_.wait(lock, [&] { return ticket_.load() >> kJobShift != seen; });
  --sleepers_;
  return ticket_.load() >> kJobShift;
}

void WorkerPool::serve(int worker) {
  for (Ticket job = 0;;) {
    job = await(job);
    if (worker < helpers_.load(std::memory_order_relaxed)) help(job);
  }
}

}  // namespace gptorch::ops
