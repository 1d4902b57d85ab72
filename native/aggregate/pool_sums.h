// What several windows of one metric come to together, and as numbers in public units.
#pragma once

#include <cstdint>

#include "aggregate/column_reader.h"
#include "aggregate/statistics.h"

namespace gpuring {

struct PoolSums {
  PrefixSums sums{};
  uint128_t increase = 0;
  Extremes extremes{};
};

// A value of the metric in public units.
[[nodiscard]] double PublicValue(const MetricRow& metric, uint64_t offset);

// Writes mean, extremes, deviation, integral, and a counter's increase.
// REQUIRES: sums.sums.known > 0.
void WriteSums(const PoolSums& sums, const MetricRow& metric, WindowStatistics* statistics);

}  // namespace gpuring
