// Exact statistics of bytes in less time than it takes to read as many doubles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/instruction_set.h"

namespace gpuring {

struct ByteQuestion {
  std::span<const uint8_t> values;  // at least one
  uint8_t flip = 0;                 // what each is XORed with: 0x80 puts signed ones in order
  std::span<const uint64_t> ranks;  // 0: the least value; below values.size()
};

// Of the values as flipped. Exact.
struct ByteSums {
  uint64_t sum = 0;
  uint64_t squares = 0;
  uint8_t min = 0xff;
  uint8_t max = 0;
};

// Writes to `selected`, for each rank, the value that sorting would put there.
//
// Some of the values, looked at first, tell about where the ranks lie. One pass over all of them
// then counts those below a few limits around these places, which vectors do much faster than they
// could count each value, and proves the guesses. Where one was wrong, or for more ranks than
// there are limits, every value is counted.
[[nodiscard]] ByteSums SelectBytes(const ByteQuestion& question, std::span<uint8_t> selected,
                                   InstructionSet set = BestInstructionSet());

}  // namespace gpuring
