#include "aggregate/percentiles.h"

#include "aggregate/selection.h"

namespace gpuring {

PercentileRanks::PercentileRanks(const PercentileRequest& request, uint64_t count)
    : request_(request) {
  if (count == 0) return;
  size_t ranks = 0;
  for (size_t i = 0; i < request.percentiles.size(); i++) {
    positions_[i] = PositionOf(request.percentiles[i], request.method, count);
    ranks_[ranks++] = positions_[i].rank;
    if (positions_[i].beyond > 0) ranks_[ranks++] = positions_[i].rank + 1;
  }
  std::sort(ranks_.begin(), ranks_.begin() + ranks);
  const auto* const end = std::unique(ranks_.begin(), ranks_.begin() + ranks);
  wanted_ = static_cast<size_t>(end - ranks_.begin());
}

bool PercentilesOf(std::span<const double> values, const Moments& moments,
                   const PercentileRequest& request, std::span<double> out) {
  const PercentileRanks ranks(request, values.size());
  std::array<double, PercentileRanks::kMost> selected;
  const RankQuestion question = {values, {moments.min, moments.max}, ranks.wanted()};
  if (!ranks.wanted().empty() && !SelectRanks(question, selected)) return false;
  ranks.Write(out, [&](size_t i) { return selected[i]; });
  return true;
}

}  // namespace gpuring
