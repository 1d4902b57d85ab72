// What a row of the published block says about a device.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include "core/published_block.h"
#include "core/sample.h"
#include "core/status.h"

namespace gpuring {

inline constexpr size_t kRowWords = kRowMetricsWord + kFastMetricCount;

// The value in the metric's public unit; NaN where it is unknown.
[[nodiscard]] inline double PublicValue(const Sample& sample, MetricId metric) {
  if (!sample.Knows(metric)) return std::numeric_limits<double>::quiet_NaN();
  const auto index = static_cast<size_t>(metric);
  return static_cast<double>(sample.values[index]) / kMetrics[index].divisor;
}

[[nodiscard]] inline double NsToMs(int64_t ns) { return static_cast<double>(ns) / 1e6; }
[[nodiscard]] inline double UsToMs(int64_t us) { return static_cast<double>(us) / 1e3; }

// The words of a row after its lock word, in the writer's own memory.
class PublishedRow {
 public:
  PublishedRow() { SetSample(Sample{}); }

  void SetStatus(StatusCode code) { At(kRowStatusWord) = static_cast<uint64_t>(code); }
  [[nodiscard]] StatusCode status() const {
    return static_cast<StatusCode>(words_[kRowStatusWord - 1]);
  }

  void SetSample(const Sample& sample) {
    Set(kRowSequenceWord, static_cast<double>(sample.sequence));
    Set(kRowStartWord, NsToMs(sample.start_ns));
    Set(kRowWallWord, UsToMs(sample.wall_us));
    uint64_t estimated = 0;
    for (size_t metric = 0; metric < kFastMetricCount; metric++) {
      if (sample.states[metric] == ValueState::kEstimated) estimated |= uint64_t{1} << metric;
      Set(kRowMetricsWord + metric, PublicValue(sample, static_cast<MetricId>(metric)));
    }
    At(kRowEstimatedWord) = estimated;
  }

  [[nodiscard]] const std::array<uint64_t, kRowWords - 1>& words() const { return words_; }

 private:
  uint64_t& At(size_t row_word) { return words_[row_word - 1]; }
  void Set(size_t row_word, double value) { At(row_word) = std::bit_cast<uint64_t>(value); }

  std::array<uint64_t, kRowWords - 1> words_{};
};

}  // namespace gpuring
