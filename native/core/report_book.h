// Since when each metric of a device is what it is.
#pragma once

#include <array>
#include <span>

#include "core/device_report.h"

namespace gpuring {

// Thread rules: the owner's.
class ReportBook {
 public:
  // Takes in what the sample says about the metrics of its tier.
  void Note(const Sample& sample, Tier tier);
  // A measurement of the driver's buffer was outside the metric's physical range.
  void CountInvalid(MetricId metric) { reports_[static_cast<size_t>(metric)].invalid_count++; }

  [[nodiscard]] std::span<const MetricReport, kMetricCount> reports() const { return reports_; }

 private:
  std::array<MetricReport, kMetricCount> reports_{};
};

}  // namespace gpuring
