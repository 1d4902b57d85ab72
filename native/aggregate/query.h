// Questions to the columns of one device, or of several as one pool. Any thread; nothing here
// allocates or holds a writer up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "aggregate/columns.h"
#include "aggregate/statistics.h"

namespace gpuring {

// Columns that can be asked as one pool.
inline constexpr size_t kMostPooledColumns = 256;

// REQUIRES: at most kMostPooledColumns columns, all of the metric's tier.
struct ColumnsQuestion {
  std::span<const MetricColumns* const> columns{};
  MetricId metric{};
  StatisticsRequest request{};
};

// `percentiles` gets one value for each that is asked.
void QueryColumns(const ColumnsQuestion& question, WindowStatistics* statistics,
                  std::span<double> percentiles);

// A slice of a window. Values in public units, times Unix time.
struct Bucket {
  int64_t from_us = 0;   // where the slice begins
  int64_t first_us = 0;  // its first sample that counts
  uint64_t begin = 0;    // sequence of its first sample
  double min = 0;
  double max = 0;
  double mean = 0;
  uint64_t count = 0;
};

struct SeriesQuestion {
  MetricId metric{};
  Window window{};
};

// Cuts the window into buckets.size() slices of equal time; kLast: of the time between its first
// and its last sample. Slices with samples that know the metric, oldest first; how many there are.
// What was overwritten before it was read is left out, whole slices of it.
[[nodiscard]] size_t Downsample(const MetricColumns& columns, const SeriesQuestion& question,
                                std::span<Bucket> buckets);

}  // namespace gpuring
