// Sums and extremes of one metric in one window of one column set, by its index: what is read does
// not grow with the window.
#pragma once

#include <cstdint>

#include "aggregate/column_reader.h"
#include "aggregate/column_window.h"

namespace gpuring {

struct WindowTotals {
  PrefixSums sums{};   // `covered` and `held`: between the window's own samples
  uint64_t first = 0;  // sequence of the first and last sample that know the metric; 0: none does
  uint64_t last = 0;
  Extremes extremes{};  // of wide metrics only
};

[[nodiscard]] WindowTotals TotalsOf(const ColumnReader& reader, size_t metric,
                                    const ColumnWindow& window);

// Adds what values hold into the window and out of its last sample.
void AddEdges(const ColumnReader& reader, size_t metric, const ColumnWindow& window,
              PrefixSums* sums);

}  // namespace gpuring
