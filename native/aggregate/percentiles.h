// Which sorted values a percentile is made of; and percentiles of plain doubles.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "aggregate/moments.h"
#include "aggregate/statistics.h"

namespace gpuring {

// 0-based position of a percentile, or where between two it lies.
struct Position {
  uint64_t rank;
  double beyond;  // share of the way to the next rank
};

// REQUIRES: 0 <= percentile <= 100, count > 0.
[[nodiscard]] inline Position PositionOf(double percentile, PercentileMethod method,
                                         uint64_t count) {
  if (method == PercentileMethod::kLinear) {
    const double at = (static_cast<double>(count - 1) * percentile) / 100;
    const double whole = std::floor(at);
    return {static_cast<uint64_t>(whole), at - whole};
  }
  const double rank = std::ceil((percentile * static_cast<double>(count)) / 100);
  return {std::clamp<uint64_t>(static_cast<uint64_t>(rank), 1, count) - 1, 0};
}

struct PercentileRequest {
  std::span<const double> percentiles{};  // at most kMostPercentiles
  PercentileMethod method = PercentileMethod::kNearestRank;
};

// The ranks that percentiles are made of, and percentiles made of what has these ranks.
class PercentileRanks {
 public:
  static constexpr size_t kMost = 2 * kMostPercentiles;  // linear ones lie between two

  // Of so many values; of none, all percentiles are kAbsent. The request has to stay.
  PercentileRanks(const PercentileRequest& request, uint64_t count);

  // Ascending, each once.
  [[nodiscard]] std::span<const uint64_t> wanted() const { return {ranks_.data(), wanted_}; }

  // `value_at(i)` is what has the i-th of the wanted ranks.
  template <class ValueAt>
  void Write(std::span<double> out, ValueAt value_at) const {
    for (size_t i = 0; i < request_.percentiles.size(); i++) {
      out[i] = kAbsent;
      if (wanted_ == 0) continue;
      const auto [rank, beyond] = positions_[i];
      const size_t place = PlaceOf(rank);
      out[i] = value_at(place);
      if (beyond > 0) out[i] += beyond * (value_at(place + 1) - out[i]);
    }
  }

 private:
  [[nodiscard]] size_t PlaceOf(uint64_t rank) const {
    return static_cast<size_t>(std::ranges::lower_bound(wanted(), rank) - wanted().begin());
  }

  const PercentileRequest& request_;
  std::array<Position, kMostPercentiles> positions_;
  std::array<uint64_t, kMost> ranks_;
  size_t wanted_ = 0;
};

// `moments` are of the values. False: no memory.
[[nodiscard]] bool PercentilesOf(std::span<const double> values, const Moments& moments,
                                 const PercentileRequest& request, std::span<double> out);

}  // namespace gpuring
