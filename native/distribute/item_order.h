// Which item comes before which.
#pragma once

#include <cstdint>
#include <span>

namespace gpuring {

// The lower half of each word is the place of a cost: greatest costs first, equal ones in their
// order. What the upper halves hold is of no concern. They lie in `memory`, room for twice as many.
// REQUIRES: at most 2^32 - 1 costs, none negative, -0 or NaN.
[[nodiscard]] std::span<const uint64_t> OrderDescending(std::span<const double> costs,
                                                        std::span<uint64_t> memory);

}  // namespace gpuring
