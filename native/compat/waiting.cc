// Waiting on a condition variable: glibc 2.30 added one function, libstdc++ 3.4.30 gave another a new version.
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>

#include "compat/old_symbol.h"

namespace {

constexpr long kNanoseconds = 1'000'000'000;

/// The same moment by the clock that pthread_cond_timedwait reads.
timespec byRealTime(clockid_t clock, const timespec& moment) {
  timespec from{};
  timespec to{};
  clock_gettime(clock, &from);
  clock_gettime(CLOCK_REALTIME, &to);
  timespec result{to.tv_sec + moment.tv_sec - from.tv_sec, to.tv_nsec + moment.tv_nsec - from.tv_nsec};
  if (result.tv_nsec < 0) {
    result.tv_nsec += kNanoseconds;
    --result.tv_sec;
  } else if (result.tv_nsec >= kNanoseconds) {
    result.tv_nsec -= kNanoseconds;
    ++result.tv_sec;
  }
  return result;
}

using ClockWait = int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);

}  // namespace

extern "C" {

/// glibc's own where it has one: a clock that is set forward or back meanwhile does not matter to it.
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  static const auto own = reinterpret_cast<ClockWait>(dlsym(RTLD_DEFAULT, "pthread_cond_clockwait"));
  if (own != nullptr) return own(condition, mutex, clock, until);
  const timespec moment = byRealTime(clock, *until);
  return pthread_cond_timedwait(condition, mutex, &moment);
}

// std::condition_variable::wait(std::unique_lock<std::mutex>&), by its name for the linker: a member cannot be hidden
// from here.
GPTORCH_OLD_SYMBOL(old_wait, _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE, GLIBCXX_3.4.11);
void old_wait(void* condition, void* lock);
void condition_variable_wait(void* condition,
                             void* lock) __asm__("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE");
void condition_variable_wait(void* condition, void* lock) { old_wait(condition, lock); }

}  // extern "C"
