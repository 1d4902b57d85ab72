// What no prefix sum gives: how much a counter grew, and the exponentially weighted mean.
#pragma once

#include <cstdint>

#include "aggregate/column_reader.h"
#include "aggregate/column_window.h"
#include "aggregate/window_totals.h"

namespace gpuring {

// REQUIRES for both: totals.first != 0; they are the window's.

struct Growth {
  uint128_t increase = 0;  // modulo 2^128
  uint64_t since = 0;      // the sample from which on it grew
};
// How much a counter grew. What it grew up to the first sample that knows it counts where the known
// value before still holds when the window begins, unless that sample is its very beginning: so
// windows that meet in a sample share no growth.
[[nodiscard]] Growth GrowthSince(const ColumnReader& reader, size_t metric,
                                 const ColumnWindow& window, uint64_t first);

struct EwmaQuestion {
  uint64_t first = 0;  // samples of the window that know the metric
  uint64_t last = 0;
  int64_t time_constant_us = 1;
};
// In raw units. Goes back from the last sample until all the weights that are left are below 2^-60:
// they go to the oldest value looked at. Within 1e-12 of the exact one, relative to the greatest
// value.
[[nodiscard]] double EwmaOf(const ColumnReader& reader, size_t metric,
                            const EwmaQuestion& question);

}  // namespace gpuring
