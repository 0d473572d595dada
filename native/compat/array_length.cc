// libstdc++ 3.4.29 has this in the library; its containers call it where a length is beyond all memory.
#include <new>

extern "C" {
[[noreturn]] void throw_bad_array_new_length() __asm__("_ZSt28__throw_bad_array_new_lengthv");
void throw_bad_array_new_length() { throw std::bad_array_new_length(); }
}
