#include "engine/cpu_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/poison.h"

namespace gptorch {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kSlack = size_t{64} << 20;

/// Stands before each block's data.
struct alignas(kAlignment) Header {
  size_t size;
  /// Null while the block is free.
  MemoryAccount account;
};
static_assert(sizeof(Header) == kAlignment);

thread_local const MemoryAccount* currentAccount = nullptr;

/// Rounds up to one of eight sizes per power of two: at most 12.5 % is wasted.
size_t sizeClass(size_t bytes) {
  if (bytes <= 512) return (bytes + kAlignment - 1) & ~(kAlignment - 1);
  const size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) & ~(step - 1);
}

class CpuAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &CpuAllocator::release, device};
    const size_t size = sizeClass(bytes);
    void* data = take(size);
    // Blocks are larger than what was asked for, and are kept: without this the sanitizer would see no fault in one.
    allowOnly(data, bytes, size);
    return {data, data, &CpuAllocator::release, device};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &CpuAllocator::release; }

  void copy_data(void* destination, const void* source, size_t count) const override {
    std::memcpy(destination, source, count);
  }

  MemoryUse use() {
    const std::lock_guard lock(mutex_);
    return use_;
  }

  void resetPeak() {
    const std::lock_guard lock(mutex_);
    use_.peak = use_.allocated;
  }

  void setBudget(size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_.budget = bytes;
  }

  void trim(size_t keep) {
    const std::lock_guard lock(mutex_);
    trimLocked(keep);
  }

  void failNext(size_t after, size_t count) {
    const std::lock_guard lock(mutex_);
    passing_ = after;
    failing_ = count;
  }

 private:
  static void release(void* data);

  void* take(size_t size) {
    const std::lock_guard lock(mutex_);
    if (failing_ != 0) failOnPurpose(size);
    if (use_.budget != 0 && use_.allocated + size > use_.budget) {
      TORCH_CHECK_WITH(OutOfMemoryError, false, "out of memory: ", size, " bytes asked for, ", use_.allocated,
                       " in use, the budget is ", use_.budget, " bytes");
    }
    Header* block = nullptr;
    if (const auto entry = free_.find(size); entry != free_.end() && !entry->second.empty()) {
      block = entry->second.back();
      entry->second.pop_back();
      use_.cached -= size;
    } else {
      block = fresh(size);
    }
    use_.allocated += size;
    use_.peak = std::max(use_.peak, use_.allocated);
    if (currentAccount != nullptr) {
      block->account = *currentAccount;
      *block->account += static_cast<int64_t>(size);
    }
    return block + 1;
  }

  void failOnPurpose(size_t size) {
    if (passing_ != 0) {
      --passing_;
      return;
    }
    --failing_;
    TORCH_CHECK_WITH(OutOfMemoryError, false, "out of memory: ", size, " bytes asked for, ", use_.allocated,
                     " in use; refused by a test");
  }

  Header* fresh(size_t size) {
    const size_t own = use_.peak + use_.peak / 4 + kSlack;
    const size_t bound = use_.budget == 0 ? own : std::min(own, use_.budget);
    if (use_.allocated + use_.cached + size > bound) {
      trimLocked(bound > use_.allocated + size ? bound - use_.allocated - size : 0);
    }
    void* memory = std::aligned_alloc(kAlignment, sizeof(Header) + size);
    if (memory == nullptr) {
      trimLocked(0);
      memory = std::aligned_alloc(kAlignment, sizeof(Header) + size);
    }
    if (memory == nullptr) {
      TORCH_CHECK_WITH(OutOfMemoryError, false, "out of memory: the system refused ", size, " bytes; ", use_.allocated,
                       " are in use");
    }
    return ::new (memory) Header{size, nullptr};
  }

  /// Largest blocks first: they cost the most and are asked for the least.
  void trimLocked(size_t keep) {
    for (auto entry = free_.rbegin(); entry != free_.rend() && use_.cached > keep; ++entry) {
      while (!entry->second.empty() && use_.cached > keep) {
        std::destroy_at(entry->second.back());
        std::free(entry->second.back());
        entry->second.pop_back();
        use_.cached -= entry->first;
      }
    }
  }

  std::mutex mutex_;
  MemoryUse use_;
  size_t passing_ = 0;
  size_t failing_ = 0;
  std::map<size_t, std::vector<Header*>> free_;

  friend CpuAllocator& allocator();
};

CpuAllocator& allocator() {
  // Leaked on purpose: tensors in static storage are freed after every destructor of ours.
  static CpuAllocator* const instance = new CpuAllocator();
  return *instance;
}

void CpuAllocator::release(void* data) {
  if (data == nullptr) return;
  CpuAllocator& self = allocator();
  Header* block = static_cast<Header*>(data) - 1;
  allowOnly(data, 0, block->size);
  const MemoryAccount account = std::exchange(block->account, nullptr);
  if (account) *account -= static_cast<int64_t>(block->size);
  const std::lock_guard lock(self.mutex_);
  self.use_.allocated -= block->size;
  self.use_.cached += block->size;
  self.free_[block->size].push_back(block);
}

}  // namespace

void installCpuAllocator() {
  // Above the priority of libtorch's own (0) and of mobile builds' (1).
  c10::SetCPUAllocator(&allocator(), 10);
}

MemoryUse cpuMemoryUse() { return allocator().use(); }
void resetCpuMemoryPeak() { allocator().resetPeak(); }
void setCpuMemoryBudget(size_t bytes) { allocator().setBudget(bytes); }
void failCpuAllocations(size_t after, size_t count) { allocator().failNext(after, count); }

void trimCpuMemory() {
  allocator().trim(0);
#ifdef __GLIBC__
  // free() leaves them to the C library, which keeps them as well.
  malloc_trim(0);
#endif
}

AccountGuard::AccountGuard(const MemoryAccount& account) { currentAccount = &account; }
AccountGuard::~AccountGuard() { currentAccount = nullptr; }

}  // namespace gptorch
