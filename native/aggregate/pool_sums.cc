#include "aggregate/pool_sums.h"

#include <cmath>

namespace gpuring {
namespace {

constexpr double kUsPerSecond = 1e6;

// The compiler's own way for 128 bits takes several times as long.
double ToDouble(uint128_t value) {
  return value >> 64 == 0 ? static_cast<double>(static_cast<uint64_t>(value))
                          : static_cast<double>(value);
}

// Offsets lose the minimum, which every known value or held microsecond gets back.
double WithMinimum(uint128_t sum, uint64_t times, int64_t minimum) {
  const auto back = static_cast<uint128_t>(static_cast<int128_t>(minimum)) * times;
  const auto whole = static_cast<int128_t>(sum + back);
  return whole < 0 ? -ToDouble(static_cast<uint128_t>(-whole))
                   : ToDouble(static_cast<uint128_t>(whole));
}

// Of offsets, which deviate as the values do. Exact up to the root: with c the whole part of the
// mean and r = sum - n c, the squares of (x - c) add up to `around`, and the variance is
// (n around - r^2) / n^2. Sums are modulo 2^128, `around` is not larger.
double DeviationOf(const PrefixSums& sums) {
  const uint64_t n = sums.known;
  const auto whole = static_cast<uint64_t>(sums.sum / n);
  const uint128_t rest = sums.sum - static_cast<uint128_t>(whole) * n;
  const uint128_t around =
      sums.square - 2 * sums.sum * whole + static_cast<uint128_t>(whole) * whole * n;
  const auto count = static_cast<double>(n);
  if (around >> 96 == 0 && n >> 32 == 0) {
    return std::sqrt(ToDouble(around * n - rest * rest)) / count;
  }
  // rest < n, so what it takes away is far below the last digit.
  return std::sqrt(ToDouble(around) / count);
}

}  // namespace

double PublicValue(const MetricRow& metric, uint64_t offset) {
  const auto raw = static_cast<int64_t>(offset + static_cast<uint64_t>(metric.minimum));
  return static_cast<double>(raw) / metric.divisor;
}

void WriteSums(const PoolSums& pool, const MetricRow& metric, WindowStatistics* statistics) {
  const PrefixSums& sums = pool.sums;
  const auto divisor = static_cast<double>(metric.divisor);
  const double total = WithMinimum(sums.sum, sums.known, metric.minimum);
  statistics->mean = total / (static_cast<double>(sums.known) * divisor);
  statistics->min = PublicValue(metric, pool.extremes.least);
  statistics->max = PublicValue(metric, pool.extremes.greatest);
  statistics->standard_deviation = DeviationOf(sums) / divisor;
  const double held = WithMinimum(sums.held, sums.covered, metric.minimum);
  statistics->integral = held / (divisor * kUsPerSecond);
  if (sums.covered > 0) {
    statistics->time_weighted_mean = held / (static_cast<double>(sums.covered) * divisor);
  }
  if (metric.counter) {
    statistics->increase = ToDouble(pool.increase) / divisor;
  }
}

}  // namespace gpuring
