// The statistics of a window worked out sample by sample, as they are defined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "aggregate/columns.h"
#include "aggregate/query.h"

namespace gpuring {

inline constexpr int64_t kForever = INT64_MAX;

// All samples of one metric that a column set was given, oldest first.
struct NaiveSample {
  int64_t monotonic_us = 0;
  int64_t wall_us = 0;
  int64_t hold_us = 0;
  std::optional<int64_t> value{};
};
struct NaiveHistory {
  uint64_t capacity = 1;
  std::vector<NaiveSample> samples{};

  [[nodiscard]] size_t Oldest() const {
    return samples.size() - std::min(samples.size(), capacity);
  }
};

// The samples [begin, end), and the window in the clock it is asked by.
struct NaiveWindow {
  size_t begin = 0;
  size_t end = 0;
  int64_t from_us = 0;
  int64_t to_us = 0;
};

inline int64_t NaiveTime(const NaiveSample& sample, WindowBy by) {
  return by == WindowBy::kWall ? sample.wall_us : sample.monotonic_us;
}

inline NaiveWindow ResolveNaively(const NaiveHistory& history, const Window& window) {
  NaiveWindow found = {history.Oldest(), history.samples.size(), window.from_us, window.to_us};
  if (window.by == WindowBy::kLast) {
    found.begin = found.end - std::min<uint64_t>(window.last, found.end - found.begin);
    if (found.begin == found.end) return found;
    found.from_us = history.samples[found.begin].monotonic_us;
    found.to_us = history.samples.back().monotonic_us;
    return found;
  }
  const auto at = [&](size_t i) { return NaiveTime(history.samples[i], window.by); };
  while (found.begin < found.end && at(found.begin) < window.from_us) found.begin++;
  size_t end = found.begin;
  while (end < found.end && at(end) <= window.to_us) end++;
  found.end = end;
  return found;
}

struct NaiveSums {
  std::vector<int64_t> values{};  // in order of time
  int64_t covered_us = 0;
  __int128 held = 0;
  __int128 increase = 0;
  uint64_t unknown = 0;
  std::optional<size_t> first{};
  std::optional<size_t> last{};
};

// Adds for how long the value of each sample holds inside the window.
inline void AddHeldNaively(const NaiveHistory& history, const Window& asked,
                           const NaiveWindow& window, NaiveSums* sums) {
  const size_t reach = history.Oldest() > 0 ? history.Oldest() - 1 : 0;
  for (size_t i = window.begin > reach ? window.begin - 1 : reach; i < window.end; i++) {
    const NaiveSample& sample = history.samples[i];
    const int64_t at = NaiveTime(sample, asked.by);
    if (!sample.value || (i < window.begin && at >= window.from_us)) continue;
    int64_t until = sample.hold_us > window.to_us - at ? window.to_us : at + sample.hold_us;
    if (i + 1 < history.samples.size()) {
      until = std::min(until, NaiveTime(history.samples[i + 1], asked.by));
    }
    const int64_t held =
        std::max<int64_t>(std::min(until, window.to_us) - std::max(at, window.from_us), 0);
    sums->covered_us += held;
    sums->held += static_cast<__int128>(*sample.value) * held;
  }
}

inline void AddGrowthNaively(const NaiveHistory& history, const Window& asked,
                             const NaiveWindow& window, NaiveSums* sums) {
  std::optional<int64_t> before;
  const size_t reach = history.Oldest() > 0 ? history.Oldest() - 1 : 0;
  for (size_t i = window.begin; i-- > reach;) {
    const NaiveSample& sample = history.samples[i];
    if (!sample.value) continue;
    const int64_t at = NaiveTime(sample, asked.by);
    const bool holds = sample.hold_us >= window.from_us - at;
    if (holds && (asked.by == WindowBy::kLast || at < window.from_us)) before = sample.value;
    break;
  }
  for (size_t i = window.begin; i < window.end; i++) {
    const std::optional<int64_t> value = history.samples[i].value;
    if (!value) continue;
    const bool is_first = i == *sums->first;
    if (is_first && NaiveTime(history.samples[i], asked.by) <= window.from_us) before.reset();
    if (before) sums->increase += *value >= *before ? *value - *before : *value;
    before = value;
  }
}

inline NaiveSums SumNaively(const NaiveHistory& history, const Window& asked,
                            const NaiveWindow& window) {
  NaiveSums sums;
  for (size_t i = window.begin; i < window.end; i++) {
    if (!history.samples[i].value) {
      sums.unknown++;
      continue;
    }
    sums.values.push_back(*history.samples[i].value);
    if (!sums.first) sums.first = i;
    sums.last = i;
  }
  if (!history.samples.empty()) {
    AddHeldNaively(history, asked, window, &sums);
    AddGrowthNaively(history, asked, window, &sums);
  }
  return sums;
}

inline double EwmaNaively(const NaiveHistory& history, const NaiveWindow& window,
                          int64_t time_constant_us) {
  std::optional<long double> mean;
  int64_t at = 0;
  for (size_t i = window.begin; i < window.end; i++) {
    const NaiveSample& sample = history.samples[i];
    if (!sample.value) continue;
    const long double passed = static_cast<long double>(sample.monotonic_us - at);
    const long double weight = -std::expm1(-passed / static_cast<long double>(time_constant_us));
    mean = mean ? *mean + weight * (static_cast<long double>(*sample.value) - *mean)
                : static_cast<long double>(*sample.value);
    at = sample.monotonic_us;
  }
  return static_cast<double>(mean.value_or(0));
}

// In two passes, as differences from the whole part of the mean: those are exact.
inline double DeviationNaively(const std::vector<int64_t>& values) {
  __int128 sum = 0;
  for (const int64_t value : values) sum += value;
  const auto count = static_cast<__int128>(values.size());
  const auto whole = static_cast<int64_t>(sum / count);
  const long double part =
      static_cast<long double>(sum - whole * count) / static_cast<long double>(count);
  long double square = 0;
  for (const int64_t value : values) {
    const long double difference = static_cast<long double>(value - whole) - part;
    square += difference * difference;
  }
  return static_cast<double>(std::sqrt(square / static_cast<long double>(count)));
}

inline double PercentileNaively(const std::vector<int64_t>& sorted, double percentile,
                                const StatisticsRequest& request, int32_t divisor) {
  const auto at = [&](size_t i) { return static_cast<double>(sorted[i]) / divisor; };
  const auto count = static_cast<double>(sorted.size());
  if (request.method == PercentileMethod::kNearestRank) {
    const auto rank = static_cast<size_t>(std::ceil((percentile * count) / 100));
    return at(std::clamp<size_t>(rank, 1, sorted.size()) - 1);
  }
  const double position = ((count - 1) * percentile) / 100;
  const auto low = static_cast<size_t>(std::floor(position));
  if (low + 1 >= sorted.size()) return at(low);
  return at(low) + (position - std::floor(position)) * (at(low + 1) - at(low));
}

}  // namespace gpuring
