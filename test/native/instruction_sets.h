// On which instruction sets kernels are tested.
#pragma once

#include <cstdio>
#include <vector>

#include "core/instruction_set.h"

namespace gpuring {

inline std::vector<InstructionSet> SetsHere() {
  std::vector<InstructionSet> sets;
  for (size_t i = 0; i < kInstructionSetNames.size(); i++) {
    const auto set = static_cast<InstructionSet>(i);
    if (HasInstructionSet(set)) {
      sets.push_back(set);
    } else {
      std::printf("  not tested: %s, which this processor lacks\n", kInstructionSetNames[i]);
    }
  }
  return sets;
}

}  // namespace gpuring
