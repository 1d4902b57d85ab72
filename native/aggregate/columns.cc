#include "aggregate/columns.h"

#include "aggregate/query.h"

namespace gpuring {

uint64_t MetricColumns::BytesPerSample(Tier tier) {
  return 12 * kTierMetrics[static_cast<size_t>(tier)].size();
}

std::shared_ptr<MetricColumns> MetricColumns::Allocate(const ColumnsShape& shape) {
  return std::shared_ptr<MetricColumns>(new MetricColumns(shape));
}

void MetricColumns::Append(const Sample&, int64_t) {}
void MetricColumns::CatchUp(const MetricColumns&) {}

void QueryColumns(const ColumnsQuestion&, WindowStatistics* statistics, std::span<double> out) {
  *statistics = {};
  for (double& value : out) value = kAbsent;
}

size_t Downsample(const MetricColumns&, const SeriesQuestion&, std::span<Bucket>) { return 0; }

}  // namespace gpuring
