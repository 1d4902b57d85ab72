// Keeps what ships loadable on glibc 2.28 and the libstdc++ of GCC 8. Where the compiler's own
// headers refer to a newer symbol, it is defined here, hidden from everybody else. Built into the
// addon and into the simulated driver; `npm run pack:check` says when a new one is needed.
#include <bits/functexcept.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <new>
#include <typeinfo>

extern "C" {
#pragma GCC visibility push(hidden)

// glibc 2.32. std::shared_ptr asks whether the process has one thread; 0 makes it count atomically.
char __libc_single_threaded = 0;

// glibc 2.33; an inline function of the headers before. x86-64 and AArch64 Linux give user space
// the very struct that glibc declares.
int fstat(int descriptor, struct stat* result) noexcept {
  return static_cast<int>(syscall(SYS_fstat, descriptor, result));
}

// GCC 9: how std::make_shared finds its object again without RTTI, when the address of the tag it
// compared first differs. Within one library with hidden symbols it never does.
bool PortableSharedTag(const std::type_info& type) noexcept
    __asm__("_ZNSt19_Sp_make_shared_tag5_S_eqERKSt9type_info");

bool PortableSharedTag(const std::type_info&) noexcept { return false; }

// GCC 11: thrown where a container's size cannot be counted in bytes; before, it was bad_alloc.
[[noreturn]] void PortableBadLength() __asm__("_ZSt28__throw_bad_array_new_lengthv");

void PortableBadLength() { std::__throw_bad_alloc(); }

#pragma GCC visibility pop
}  // extern "C"
