#include "simulator/workload.h"

#include <algorithm>
#include <cmath>

namespace gpuring::simulator {
namespace {

// power share = steepness * load - (steepness - 1) * load^2: 0 at 0, 1 at 1.
constexpr double kSteepness = 1.25;
// A busy board stays a little below its limit.
constexpr double kFullShareOfLimit = 0.985;

}  // namespace

PowerRange PowerRangeOf(const Board& board) {
  return {static_cast<double>(board.power.idle), board.power.limit_default * kFullShareOfLimit};
}

double PowerForLoad(const PowerRange& range, double load) {
  const double share = load * (kSteepness - (kSteepness - 1) * load);
  return range.idle_milliwatts + (range.full_milliwatts - range.idle_milliwatts) * share;
}

double LoadForPower(const PowerRange& range, double milliwatts) {
  const double span = range.full_milliwatts - range.idle_milliwatts;
  if (span <= 0) return 0;
  const double share = std::clamp((milliwatts - range.idle_milliwatts) / span, 0.0, 1.0);
  const double curvature = kSteepness - 1;
  const double root = std::sqrt(kSteepness * kSteepness - 4 * curvature * share);
  return std::clamp((kSteepness - root) / (2 * curvature), 0.0, 1.0);
}

}  // namespace gpuring::simulator
