// Binds functions that newer glibcs moved to a newer symbol version under their old one, which all
// glibcs still offer: a prebuilt addon stays loadable on older systems.
#pragma once

#include <cstddef>  // whichever standard header: __GLIBC__

#if defined(__GLIBC__) && defined(__x86_64__)
#define GPURING_BIND_OLD(name) __asm__(".symver " #name "," #name "@GLIBC_2.2.5")
#elif defined(__GLIBC__) && defined(__aarch64__)
#define GPURING_BIND_OLD(name) __asm__(".symver " #name "," #name "@GLIBC_2.17")
#else
#define GPURING_BIND_OLD(name) static_assert(true)
#endif
