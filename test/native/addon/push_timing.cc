#include "push_timing.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/clock.h"
#include "core/sample.h"

namespace gpuring {
namespace {

constexpr int64_t kPeriodNs = 1'000'000;
constexpr size_t kDifferent = 64;  // samples that are pushed again and again

class DurationCounts {
 public:
  void Add(int64_t ns) {
    const auto place = static_cast<size_t>(std::clamp<int64_t>(ns, 0, kPlaces - 1));
    ++counts_[place];
    ++count_;
    sum_ns_ += ns;
    worst_ns_ = std::max(worst_ns_, ns);
  }
  [[nodiscard]] double Mean() const {
    return static_cast<double>(sum_ns_) / static_cast<double>(count_);
  }
  [[nodiscard]] Durations Summary() const {
    Durations summary;
    summary.mean_ns = Mean();
    summary.p9999_ns = static_cast<double>(Reached(count_ - count_ / 10'000));
    summary.worst_ns = static_cast<double>(worst_ns_);
    return summary;
  }

 private:
  static constexpr int64_t kPlaces = 1 << 18;  // a nanosecond each; longer ones in the last

  [[nodiscard]] int64_t Reached(uint64_t wanted) const {
    uint64_t seen = 0;
    for (size_t place = 0; place < counts_.size(); ++place) {
      seen += counts_[place];
      if (seen >= wanted) return static_cast<int64_t>(place);
    }
    return worst_ns_;
  }

  std::vector<uint64_t> counts_ = std::vector<uint64_t>(kPlaces);
  uint64_t count_ = 0;
  int64_t sum_ns_ = 0;
  int64_t worst_ns_ = 0;
};

// Every metric known, each value anywhere in its range.
std::vector<Sample> RandomSamples() {
  std::vector<Sample> samples(kDifferent);
  uint64_t state = 1;
  for (Sample& sample : samples) {
    for (size_t metric = 0; metric < kMetricCount; ++metric) {
      state = state * 6364136223846793005 + 1442695040888963407;
      const auto& row = kMetrics[metric];
      const auto range = static_cast<uint64_t>(row.maximum - row.minimum) + 1;
      const auto above = static_cast<int64_t>((state >> 11) % range);
      sample.Set(static_cast<MetricId>(metric), row.minimum + above);
    }
  }
  return samples;
}

}  // namespace

PushTiming TimePushes(MetricColumns* columns, uint64_t count) {
  std::vector<Sample> samples = RandomSamples();
  DurationCounts pushes;
  DurationCounts idles;
  for (uint64_t index = 1; index <= count; ++index) {
    Sample& sample = samples[index % kDifferent];
    sample.sequence = columns->Newest() + 1;
    sample.start_ns = static_cast<int64_t>(index) * kPeriodNs;
    sample.wall_us = sample.start_ns / 1000;
    const int64_t before_ns = MonotonicNowNs();
    columns->Append(sample, 3 * kPeriodNs);
    const int64_t after_ns = MonotonicNowNs();
    pushes.Add(after_ns - before_ns);
    const auto usual_ns = static_cast<int64_t>(pushes.Mean());
    int64_t now_ns = after_ns;
    while (now_ns < after_ns + usual_ns) now_ns = MonotonicNowNs();
    idles.Add(now_ns - after_ns);
  }
  return {pushes.Summary(), idles.Summary()};
}

}  // namespace gpuring
