// How often each of a few whole numbers comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "aggregate/percentiles.h"

namespace gpuring {

// counts[i] counts the value least + i.
struct Histogram {
  int64_t least = 0;
  std::span<uint64_t> counts{};
};

// Exact but for one rounding each. REQUIRES: fewer than 2^32 values are counted.
[[nodiscard]] Moments MomentsOf(const Histogram& histogram);

// As of the sorted values. Counts become running totals. REQUIRES: moments are the histogram's.
void PercentilesOf(const Moments& moments, const PercentileRequest& request, Histogram* histogram,
                   std::span<double> out);

}  // namespace gpuring
