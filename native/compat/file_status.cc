// Before glibc 2.33 stat and fstat were no symbols: its headers called these two, which are still there.
#include <sys/stat.h>

#include "compat/old_symbol.h"

namespace {
/// The layout of struct stat that the headers mean by `_STAT_VER`, which newer ones leave out.
constexpr int kStatVersion = 1;
}  // namespace

extern "C" {

GPTORCH_OLD_SYMBOL(old_stat, __xstat, GLIBC_2.2.5);
GPTORCH_OLD_SYMBOL(old_fstat, __fxstat, GLIBC_2.2.5);
int old_stat(int version, const char* path, struct stat* status);
int old_fstat(int version, int descriptor, struct stat* status);

int stat(const char* path, struct stat* status) noexcept { return old_stat(kStatVersion, path, status); }
int fstat(int descriptor, struct stat* status) noexcept { return old_fstat(kStatVersion, descriptor, status); }

}  // extern "C"
