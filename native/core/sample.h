// One reading of one tier of one device: what rings store and the published block shows.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "core/metrics.generated.h"

namespace gpuring {

// What is known of a value, or why nothing is.
enum class ValueState : uint8_t {
  kNotSampled,   // nobody asked yet
  kKnown,        // read and in range
  kEstimated,    // worked out from other readings, because the driver does not say
  kUnsupported,  // this board or driver does not offer it
  kDenied,       // this process may not ask for it
  kInvalid,      // the driver's answer is outside the physical range
  kUnavailable,  // no answer this time
};
inline constexpr size_t kValueStateCount = 7;

[[nodiscard]] constexpr bool IsKnown(ValueState state) {
  return state == ValueState::kKnown || state == ValueState::kEstimated;
}

// Only the metrics of the tier mean anything.
struct Sample {
  uint64_t sequence = 0;  // 1 for the tier's first sample of the device; one more for each after it
  int64_t start_ns = 0;   // monotonic clock before the first driver call: age counts from here
  int64_t end_ns = 0;     // monotonic clock after the last driver call
  int64_t wall_us = 0;    // Unix time at start, in microseconds
  std::array<ValueState, kMetricCount> states{};
  std::array<int64_t, kMetricCount> values{};  // the driver's integers, in the table's raw unit

  [[nodiscard]] ValueState StateOf(MetricId metric) const {
    return states[static_cast<size_t>(metric)];
  }
  [[nodiscard]] bool Knows(MetricId metric) const { return IsKnown(StateOf(metric)); }
  [[nodiscard]] int64_t ValueOf(MetricId metric) const {
    return values[static_cast<size_t>(metric)];
  }
  [[nodiscard]] bool KnowsAnything() const {
    for (const ValueState state : states) {
      if (IsKnown(state)) return true;
    }
    return false;
  }

  // Stores `value`, or notes that it lies outside the metric's physical range.
  void Set(MetricId metric, int64_t value, ValueState state = ValueState::kKnown) {
    const auto at = static_cast<size_t>(metric);
    const bool believed = value >= kMetrics[at].minimum && value <= kMetrics[at].maximum;
    states[at] = believed ? state : ValueState::kInvalid;
    if (believed) values[at] = value;
  }
  // Notes why there is no value, unless there is one.
  void SetUnknown(MetricId metric, ValueState why) {
    const auto at = static_cast<size_t>(metric);
    if (!IsKnown(states[at])) states[at] = why;
  }
};
static_assert(std::is_trivially_copyable_v<Sample>);

}  // namespace gpuring
