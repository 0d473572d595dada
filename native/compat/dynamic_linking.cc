// glibc 2.34 moved libdl into libc and gave its functions a new version.
#include <dlfcn.h>

#include "compat/old_symbol.h"

extern "C" {

GPTORCH_OLD_SYMBOL(old_dlopen, dlopen, GLIBC_2.2.5);
GPTORCH_OLD_SYMBOL(old_dlerror, dlerror, GLIBC_2.2.5);
GPTORCH_OLD_SYMBOL(old_dladdr, dladdr, GLIBC_2.2.5);
GPTORCH_OLD_SYMBOL(old_dlsym, dlsym, GLIBC_2.2.5);
void* old_dlopen(const char* file, int mode);
char* old_dlerror();
int old_dladdr(const void* address, Dl_info* info);
void* old_dlsym(void* handle, const char* name);

void* dlopen(const char* file, int mode) noexcept { return old_dlopen(file, mode); }
char* dlerror() noexcept { return old_dlerror(); }
int dladdr(const void* address, Dl_info* info) noexcept { return old_dladdr(address, info); }
void* dlsym(void* handle, const char* name) noexcept { return old_dlsym(handle, name); }

}  // extern "C"
