#pragma once

#include <cstddef>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#endif

namespace gptorch {

/// Tells the address sanitizer, where there is one, that of a block of `size` bytes the first `used` may be touched.
inline void allowOnly(const void* block, size_t used, size_t size) {
  ASAN_UNPOISON_MEMORY_REGION(block, used);
  ASAN_POISON_MEMORY_REGION(static_cast<const char*>(block) + used, size - used);
}

}  // namespace gptorch
