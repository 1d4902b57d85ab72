// Which sorted values a percentile is made of; and percentiles of plain doubles.
#pragma once

#include <algorithm>
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

// `moments` are of the values; of none, all percentiles are kAbsent. False: no memory.
[[nodiscard]] bool PercentilesOf(std::span<const double> values, const Moments& moments,
                                 const PercentileRequest& request, std::span<double> out);

}  // namespace gpuring
