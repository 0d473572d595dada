// Since glibc 2.32 shared_ptr asks this whether it may count without atomic instructions. A process with an engine
// never may.
extern "C" {
extern char __libc_single_threaded;
char __libc_single_threaded = 0;
}
