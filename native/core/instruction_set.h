// Which vector instructions kernels may use here. A kernel is compiled once for each set
// (each_instruction_set.inc) and does the same operations in the same order in all of them: results
// are equal to the last bit. Vectors are of the compiler's own kind (vector_size), as wide as the
// instruction set's; they go to and from memory by memcpy, which needs no alignment, and are never
// parameters of functions, whose conventions differ by instruction set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__)
#define GPURING_X86_KERNELS 1
#else
#define GPURING_X86_KERNELS 0
#endif

namespace gpuring {

enum class InstructionSet : uint8_t { kPortable, kAvx2, kAvx512 };  // the better, the later
inline constexpr std::array<const char*, 3> kInstructionSetNames = {"portable", "avx2", "avx512"};

// Whether this processor and this build have it; kPortable always.
[[nodiscard]] bool HasInstructionSet(InstructionSet set);

// The best that there is. Asked for once in a process.
[[nodiscard]] InstructionSet BestInstructionSet();

}  // namespace gpuring
