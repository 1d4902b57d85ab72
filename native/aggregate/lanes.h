// What the kernels share: how many lanes they keep, whatever the width of a vector. Vectors are of
// the compiler's own kind (vector_size), as wide as the instruction set's; they go to and from
// memory by memcpy, which needs no alignment, and are never parameters of functions, whose
// conventions differ by instruction set.
#pragma once

#include <cstddef>

#if defined(__x86_64__) && defined(__GNUC__)
#define GPURING_X86_KERNELS 1
#else
#define GPURING_X86_KERNELS 0
#endif

namespace gpuring {

inline constexpr size_t kLanes = 16;

}  // namespace gpuring
