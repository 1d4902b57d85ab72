// One reading of one device: what the ring stores and the published block shows.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <type_traits>

#include "core/metrics.generated.h"

namespace gpuring {

inline constexpr size_t kKnownWords = (kMetricCount + 63) / 64;

// Trivially copyable and a whole number of 64-bit words: it travels word by word through atomics.
struct Sample {
  uint64_t sequence = 0;  // 1 for the device's first sample; one more for each that follows
  int64_t start_ns = 0;   // monotonic clock before the first driver call: age counts from here
  int64_t end_ns = 0;     // monotonic clock after the last driver call
  int64_t wall_us = 0;    // Unix time at start, in microseconds
  std::array<uint64_t, kKnownWords> known{};   // bit m: values[m] was read and is in range
  std::array<int64_t, kMetricCount> values{};  // the driver's integers, in the table's raw unit

  [[nodiscard]] bool Knows(MetricId metric) const {
    const auto bit = static_cast<size_t>(metric);
    return (known[bit / 64] >> (bit % 64) & 1) != 0;
  }
  [[nodiscard]] bool KnowsAnything() const {
    for (const uint64_t word : known) {
      if (word != 0) return true;
    }
    return false;
  }
  // Stores `value` if it lies in the metric's physical range, else leaves the metric unknown.
  void Set(MetricId metric, int64_t value) {
    const auto bit = static_cast<size_t>(metric);
    const MetricRow& row = kMetrics[bit];
    if (value < row.minimum || value > row.maximum) return;
    values[bit] = value;
    known[bit / 64] |= uint64_t{1} << (bit % 64);
  }
};

inline constexpr size_t kSampleWords = sizeof(Sample) / sizeof(uint64_t);
static_assert(std::is_trivially_copyable_v<Sample>);
static_assert(sizeof(Sample) % sizeof(uint64_t) == 0);

}  // namespace gpuring
