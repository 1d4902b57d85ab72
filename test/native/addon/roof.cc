#include "roof.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace gpuring {
namespace {

// Eight doubles wherever they lie; the compiler splits them where registers are narrower.
using Vector = double __attribute__((vector_size(64), aligned(8), may_alias));
constexpr size_t kLanes = 8;
constexpr size_t kStreams = 8;  // sums that do not wait for each other

size_t RankOf(double percentile, size_t count) {
  const double rank = std::ceil(percentile * static_cast<double>(count) / 100);
  return static_cast<size_t>(std::max(1.0, rank)) - 1;
}

void WriteMoments(const PlainStatistics& what) {
  const auto& values = what.values;
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  what.into[0] = count;
  what.into[1] = *least;
  what.into[2] = *most;
  what.into[3] = mean;
  what.into[4] = std::sqrt(squares / count);
}

}  // namespace

// In several places at once: memory gives more to several readers in turns than to one.
GPURING_BY_PROCESSOR double ReadDoubles(std::span<const double> values) {
  constexpr size_t kPlaces = 4;
  constexpr size_t kStep = kStreams * kLanes;
  const size_t part = values.size() / kPlaces / kStep * kStep;
  Vector sums[kStreams] = {};
  for (size_t at = 0; at < part; at += kStep) {
    for (size_t place = 0; place < kPlaces; ++place) {
      const auto* const block = reinterpret_cast<const Vector*>(values.data() + place * part + at);
#pragma GCC unroll 8
      for (size_t stream = 0; stream < kStreams; ++stream) sums[stream] += block[stream];
    }
  }
  double total = 0;
  for (const Vector& sum : sums) {
    for (size_t lane = 0; lane < kLanes; ++lane) total += sum[lane];
  }
  for (const double value : values.subspan(kPlaces * part)) total += value;
  return total;
}

void StatisticsByNthElement(const PlainStatistics& what) {
  WriteMoments(what);
  std::copy(what.values.begin(), what.values.end(), what.scratch.begin());
  for (size_t index = 0; index < what.percentiles.size(); ++index) {
    const auto rank = static_cast<ptrdiff_t>(RankOf(what.percentiles[index], what.values.size()));
    const auto nth = what.scratch.begin() + rank;
    std::nth_element(what.scratch.begin(), nth, what.scratch.end());
    what.into[5 + index] = *nth;
  }
}

void StatisticsBySort(const PlainStatistics& what) {
  WriteMoments(what);
  std::copy(what.values.begin(), what.values.end(), what.scratch.begin());
  std::sort(what.scratch.begin(), what.scratch.end());
  for (size_t index = 0; index < what.percentiles.size(); ++index) {
    what.into[5 + index] = what.scratch[RankOf(what.percentiles[index], what.values.size())];
  }
}

}  // namespace gpuring
