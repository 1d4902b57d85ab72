#include "core/report_book.h"

namespace gpuring {

void ReportBook::Note(const Sample& sample, Tier tier) {
  const MetricRange metrics = kTierMetrics[static_cast<size_t>(tier)];
  for (size_t metric = metrics.begin; metric < metrics.end; metric++) {
    const ValueState state = sample.states[metric];
    MetricReport& report = reports_[metric];
    if (state == ValueState::kNotSampled) continue;
    report.state = static_cast<uint64_t>(state);
    if (state == ValueState::kInvalid) report.invalid_count++;
    if (!IsKnown(state)) continue;
    if (report.known_ns == 0 || report.value != sample.values[metric]) {
      report.changed_ns = sample.start_ns;
      report.changed_wall_us = sample.wall_us;
    }
    report.value = sample.values[metric];
    report.known_ns = sample.start_ns;
    report.known_wall_us = sample.wall_us;
  }
}

}  // namespace gpuring
