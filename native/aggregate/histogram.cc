#include "aggregate/histogram.h"

#include <numeric>

namespace gpuring {
namespace {

using int128_t = __int128;
using uint128_t = unsigned __int128;

}  // namespace

Moments MomentsOf(const Histogram& histogram) {
  uint64_t count = 0;
  uint64_t sum = 0;  // of distances from the least
  uint128_t squares = 0;
  size_t first = histogram.counts.size();
  size_t last = 0;
  for (size_t i = 0; i < histogram.counts.size(); i++) {
    const uint64_t times = histogram.counts[i];
    if (times == 0) continue;
    first = std::min(first, i);
    last = i;
    count += times;
    sum += times * i;
    squares += static_cast<uint128_t>(times * i) * i;
  }
  if (count == 0) return {0, kAbsent, kAbsent, kAbsent, kAbsent};
  const int128_t total = static_cast<int128_t>(histogram.least) * count + sum;
  const uint128_t spread = squares * count - static_cast<uint128_t>(sum) * sum;
  const auto n = static_cast<double>(count);
  return {.count = count,
          .mean = static_cast<double>(total) / n,
          .deviation = std::sqrt(static_cast<double>(spread)) / n,
          .min = static_cast<double>(histogram.least + static_cast<int64_t>(first)),
          .max = static_cast<double>(histogram.least + static_cast<int64_t>(last))};
}

void PercentilesOf(const Moments& moments, const PercentileRequest& request, Histogram* histogram,
                   std::span<double> out) {
  const auto totals = histogram->counts;
  std::partial_sum(totals.begin(), totals.end(), totals.begin());
  const PercentileRanks ranks(request, moments.count);
  ranks.Write(out, [&](size_t i) {
    const auto place = std::ranges::upper_bound(totals, ranks.wanted()[i]) - totals.begin();
    return static_cast<double>(histogram->least + place);
  });
}

}  // namespace gpuring
