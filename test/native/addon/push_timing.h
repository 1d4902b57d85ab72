// What one push into the columns costs at the most, beside what the machine does to a thread that
// only looks at the clock.
#pragma once

#include <cstdint>

#include "aggregate/columns.h"

namespace gpuring {

struct Durations {
  double mean_ns = 0;
  double p9999_ns = 0;  // 99.99 %
  double worst_ns = 0;
};

struct PushTiming {
  Durations push;  // the clock is read before and after each
  // In turns with them, as long as they are on average: nothing but looks at the clock.
  Durations idle;
};

[[nodiscard]] PushTiming TimePushes(MetricColumns* columns, uint64_t count);

}  // namespace gpuring
