// Count, extremes, mean, deviation and percentiles of the numbers of an array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "aggregate/percentiles.h"

namespace gpuring {

// Count, minimum, maximum, mean, standard deviation; then one double for each percentile.
inline constexpr size_t kSummaryDoubles = 5;

// NaN is left out and not counted; of nothing, all but the count is kAbsent. Takes at most ten
// bytes a value and round of SelectRanks, and eight more where there is NaN or T is float.
// False: there is no such memory. REQUIRES: `out` has room.
[[nodiscard]] bool Summarize(std::span<const double> values, const PercentileRequest& request,
                             std::span<double> out);
[[nodiscard]] bool Summarize(std::span<const float> values, const PercentileRequest& request,
                             std::span<double> out);

// Of integers that are less than 65536 apart, each value is counted: one pass over the array, and
// sums that are exact and rounded once. Others are taken for doubles.
[[nodiscard]] bool Summarize(std::span<const uint8_t> values, const PercentileRequest& request,
                             std::span<double> out);
[[nodiscard]] bool Summarize(std::span<const int8_t> values, const PercentileRequest& request,
                             std::span<double> out);
[[nodiscard]] bool Summarize(std::span<const uint16_t> values, const PercentileRequest& request,
                             std::span<double> out);
[[nodiscard]] bool Summarize(std::span<const int16_t> values, const PercentileRequest& request,
                             std::span<double> out);
[[nodiscard]] bool Summarize(std::span<const uint32_t> values, const PercentileRequest& request,
                             std::span<double> out);
[[nodiscard]] bool Summarize(std::span<const int32_t> values, const PercentileRequest& request,
                             std::span<double> out);

}  // namespace gpuring
