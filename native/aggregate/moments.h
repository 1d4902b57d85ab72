// Mean, spread and extremes of doubles, in one pass at about the speed of reading them.
#pragma once

#include <cstdint>
#include <span>

#include "core/instruction_set.h"

namespace gpuring {

// Of no value at all: count 0, and everything else kAbsent.
//
// Blocks of 512 are summed by lanes, as distances from one of their values; sums of blocks are
// added up with what each addition lost. Bounds, for any number of values:
// - mean: 2e-12 of the mean of |x| at worst, 1e-15 where no value outweighs its block; where values
//   are whole and their distances below 2^44, the exact sum divided once.
// - deviation: 4e-12 of itself, whatever the mean.
struct Moments {
  uint64_t count = 0;
  double mean;
  double deviation;  // of the population
  double min;
  double max;
};

// Where a value is not finite, neither is the mean. REQUIRES: the instruction set is there.
[[nodiscard]] Moments MomentsOf(std::span<const double> values,
                                InstructionSet set = BestInstructionSet());

}  // namespace gpuring
