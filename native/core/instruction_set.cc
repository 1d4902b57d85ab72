#include "core/instruction_set.h"

namespace gpuring {

bool HasInstructionSet(InstructionSet set) {
#if GPURING_X86_KERNELS
  if (set == InstructionSet::kAvx2) return __builtin_cpu_supports("avx2") != 0;
  if (set == InstructionSet::kAvx512) {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  }
#endif
  return set == InstructionSet::kPortable;
}

InstructionSet BestInstructionSet() {
  static const InstructionSet best = [] {
    if (HasInstructionSet(InstructionSet::kAvx512)) return InstructionSet::kAvx512;
    if (HasInstructionSet(InstructionSet::kAvx2)) return InstructionSet::kAvx2;
    return InstructionSet::kPortable;
  }();
  return best;
}

}  // namespace gpuring
