// What is known of each metric of a device, and since when.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/sample.h"

namespace gpuring {

// 64-bit words only: it travels through a sequence lock.
struct MetricReport {
  int64_t value = 0;     // the last one known, raw; void while known_ns is 0
  int64_t known_ns = 0;  // monotonic clock, of the sample that last knew it; 0: none did
  int64_t known_wall_us = 0;
  int64_t changed_ns = 0;  // monotonic clock, when the value became what it is
  int64_t changed_wall_us = 0;
  uint64_t state = 0;          // ValueState in the tier's latest sample
  uint64_t invalid_count = 0;  // answers outside the physical range, so far
};
static_assert(std::is_trivially_copyable_v<MetricReport>);
static_assert(sizeof(MetricReport) % sizeof(uint64_t) == 0);

}  // namespace gpuring
