// Which vector instructions the kernels of this folder may use here. A kernel is compiled once for
// each set (each_instruction_set.inc) and does the same operations in the same order in all of
// them: results are equal to the last bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gpuring {

enum class InstructionSet : uint8_t { kPortable, kAvx2, kAvx512 };  // the better, the later
inline constexpr std::array<const char*, 3> kInstructionSetNames = {"portable", "avx2", "avx512"};

// Whether this processor and this build have it; kPortable always.
[[nodiscard]] bool HasInstructionSet(InstructionSet set);

// The best that there is. Asked for once in a process.
[[nodiscard]] InstructionSet BestInstructionSet();

}  // namespace gpuring
