// Exact order statistics of doubles, several at once.
#pragma once

#include <cstdint>
#include <span>

#include "core/instruction_set.h"

namespace gpuring {

struct Range {
  double min;
  double max;
};

struct RankQuestion {
  std::span<const double> values;   // finite
  Range range;                      // of the values
  std::span<const uint64_t> ranks;  // 0: the least value. They ascend, and are below values.size()
};

// Writes to `selected`, for each rank, the value that sorting would put there; 0 for -0.
// Values are put into 4096 buckets of equal width, and only the buckets that ranks fall into are
// looked at again, then by the leading bits that still differ: at most six rounds after the first,
// which hardly ever have much to do. Takes at most ten bytes a value and round. False: there is no
// such memory, or there are more than 2^32 - 1 values.
[[nodiscard]] bool SelectRanks(const RankQuestion& question, std::span<double> selected,
                               InstructionSet set = BestInstructionSet());

}  // namespace gpuring
