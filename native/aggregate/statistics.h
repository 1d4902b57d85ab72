// What is asked about a window of samples, and what comes of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace gpuring {

// Which clock the ends of a window are times of; kLast has a number of samples instead.
enum class WindowBy : uint8_t { kWall, kMonotonic, kLast };
inline constexpr std::array<const char*, 3> kWindowByNames = {"wall", "monotonic", "last"};

// Both ends count. A window's first sample is the first at or after `from_us`.
struct Window {
  WindowBy by = WindowBy::kMonotonic;
  int64_t from_us = 0;  // kWall: Unix time
  int64_t to_us = 0;
  uint64_t last = 0;  // kLast: the newest so many samples, whether they know the metric or not
};

enum class PercentileMethod : uint8_t {
  kNearestRank,  // the k-th of n sorted values, k = max(1, ceil(p * n / 100))
  kLinear,       // between its neighbours at (n - 1) * p / 100, counted from 0 ("type 7")
};

struct StatisticsRequest {
  Window window{};
  std::span<const double> percentiles{};  // 0 to 100, at most kMostPercentiles
  PercentileMethod method = PercentileMethod::kNearestRank;
  int64_t ewma_us = 0;  // time constant; 0: not wanted
};

inline constexpr size_t kMostPercentiles = 32;
inline constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
// A time that is not known.
inline constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

// Values are in public units, kAbsent where there is none; times are Unix time.
struct WindowStatistics {
  uint64_t count = 0;         // samples of the window that know the metric
  uint64_t unknown = 0;       // those that do not
  uint64_t lost = 0;          // those that were overwritten between looking and reading
  int64_t covered_us = 0;     // time inside the window in which a value held
  int64_t from_us = kNoTime;  // the window as resolved
  int64_t to_us = kNoTime;
  int64_t first_us = kNoTime;  // of the first and the last sample that count
  int64_t last_us = kNoTime;
  double first = kAbsent;
  double last = kAbsent;
  double min = kAbsent;
  double max = kAbsent;
  double mean = kAbsent;
  double time_weighted_mean = kAbsent;
  double standard_deviation = kAbsent;  // of the population
  double ewma = kAbsent;
  double integral = kAbsent;  // unit times seconds
  double increase = kAbsent;  // of a counter
  int64_t grown_us = 0;       // the time in which it came about, of several columns added up
};

// A record as JavaScript gets it: these doubles in this order, then one for each percentile asked.
inline constexpr size_t kStatisticsDoubles = 19;

[[nodiscard]] constexpr double MillisecondsOf(int64_t us) {
  return us == kNoTime ? kAbsent : static_cast<double>(us) / 1000;
}

// REQUIRES: out.size() >= kStatisticsDoubles + percentiles.size().
inline void WriteRecord(const WindowStatistics& from, std::span<const double> percentiles,
                        std::span<double> out) {
  const std::array<double, kStatisticsDoubles> record = {
      static_cast<double>(from.count),
      static_cast<double>(from.unknown),
      MillisecondsOf(from.covered_us),
      from.first,
      from.last,
      from.min,
      from.max,
      from.mean,
      from.time_weighted_mean,
      from.standard_deviation,
      from.ewma,
      from.integral,
      from.increase,
      MillisecondsOf(from.first_us),
      MillisecondsOf(from.last_us),
      MillisecondsOf(from.from_us),
      MillisecondsOf(from.to_us),
      static_cast<double>(from.lost),
      MillisecondsOf(from.grown_us),
  };
  size_t at = 0;
  for (const double value : record) out[at++] = value;
  for (const double value : percentiles) out[at++] = value;
}

}  // namespace gpuring
