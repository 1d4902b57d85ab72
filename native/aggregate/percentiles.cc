#include "aggregate/percentiles.h"

#include <array>

#include "aggregate/selection.h"

namespace gpuring {

bool PercentilesOf(std::span<const double> values, const Moments& moments,
                   const PercentileRequest& request, std::span<double> out) {
  const size_t asked = request.percentiles.size();
  std::fill_n(out.begin(), asked, kAbsent);
  if (values.empty() || asked == 0) return true;
  std::array<Position, kMostPercentiles> positions;
  std::array<uint64_t, 2 * kMostPercentiles> ranks;
  size_t count = 0;
  for (size_t i = 0; i < asked; i++) {
    positions[i] = PositionOf(request.percentiles[i], request.method, values.size());
    ranks[count++] = positions[i].rank;
    if (positions[i].beyond > 0) ranks[count++] = positions[i].rank + 1;
  }
  std::sort(ranks.begin(), ranks.begin() + count);
  const auto* const end = std::unique(ranks.begin(), ranks.begin() + count);
  const std::span<const uint64_t> wanted(ranks.begin(), end);
  std::array<double, ranks.size()> selected;
  if (!SelectRanks({values, {moments.min, moments.max}, wanted}, selected)) return false;
  const auto value_at = [&](uint64_t rank) {
    return selected[std::ranges::lower_bound(wanted, rank) - wanted.begin()];
  };
  for (size_t i = 0; i < asked; i++) {
    const auto [rank, beyond] = positions[i];
    out[i] = value_at(rank);
    if (beyond > 0) out[i] += beyond * (value_at(rank + 1) - out[i]);
  }
  return true;
}

}  // namespace gpuring
