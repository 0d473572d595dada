#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace gptorch {

/// Bytes of tensors in main memory, all sessions together.
struct MemoryUse {
  size_t allocated = 0;
  size_t peak = 0;
  /// Free blocks kept for the next allocation.
  size_t cached = 0;
  /// 0: no limit.
  size_t budget = 0;
};

/// Bytes that operations on one account have allocated and nobody has freed yet. Blocks keep their account alive.
using MemoryAccount = std::shared_ptr<std::atomic<int64_t>>;

/// Puts this thread's allocations on an account while it lives.
class AccountGuard {
 public:
  explicit AccountGuard(const MemoryAccount& account);
  ~AccountGuard();
  AccountGuard(const AccountGuard&) = delete;
  AccountGuard& operator=(const AccountGuard&) = delete;
};

/// Makes ours the allocator of every CPU tensor.
///
/// It keeps freed blocks: a training step asks for the same sizes each time, and fresh pages from the system
/// cost a page fault per 4 KiB. What is kept never raises the process above 1.25 times its own peak.
void installCpuAllocator();

MemoryUse cpuMemoryUse();
void resetCpuMemoryPeak();
/// An allocation that would pass the budget throws c10::OutOfMemoryError with the numbers. What is kept for later
/// counts too, but gives way. 0: no limit.
void setCpuMemoryBudget(size_t bytes);
/// Gives the kept blocks back to the system.
void trimCpuMemory();
/// For tests: of the allocations from now on lets `after` pass and fails the next `count`.
void failCpuAllocations(size_t after, size_t count);

}  // namespace gptorch
