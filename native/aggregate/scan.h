// Statistics of samples in plain columns of doubles, by looking at each sample of the window. They
// mean the same as a query's (query.h); times are milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "aggregate/statistics.h"

namespace gpuring {

// A ring: sample i, the oldest being the first, is at (oldest + i) % values.size(). Times never
// decrease; a value that is NaN is unknown.
struct SampleColumn {
  std::span<const double> times{};
  std::span<const double> values{};
  size_t oldest = 0;
  size_t count = 0;
};

// Whether all samples are inside the columns.
[[nodiscard]] bool IsSound(const SampleColumn& column);

struct ScanRequest {
  WindowBy by = WindowBy::kWall;  // kWall or kLast
  double from_ms = 0;             // both ends count
  double to_ms = 0;
  uint64_t last = 0;
  std::span<const double> percentiles{};
  PercentileMethod method = PercentileMethod::kNearestRank;
  double ewma_ms = 0;  // time constant; 0: not wanted
  // For how long a value holds where the next sample is far.
  double max_gap_ms = std::numeric_limits<double>::infinity();
  bool counter = false;
};

// Writes one record (statistics.h) of all columns together. Mean and deviation are good to what
// moments.h says, integral and time-weighted mean to 1e-15 of what they would be of |value|; the
// moving average to 1e-12. Takes eight bytes a sample of the window, and what SelectRanks takes.
// False: there is no such memory, and the record means nothing.
// REQUIRES: columns are sound, and the record has room.
[[nodiscard]] bool ScanColumns(std::span<const SampleColumn> columns, const ScanRequest& request,
                               std::span<double> record);

// Unix ms of where the slice begins, minimum, maximum, mean, count.
inline constexpr size_t kScanSliceDoubles = 5;

// Cuts [from_ms, to_ms] into n = out.size() / kScanSliceDoubles slices of equal time: a sample
// belongs to slice floor((t - from) * n / (to - from)), and the last moment to the last slice.
// Writes those with known samples, in order; returns how many.
[[nodiscard]] size_t DownsampleColumn(const SampleColumn& column, double from_ms, double to_ms,
                                      std::span<double> out);

}  // namespace gpuring
