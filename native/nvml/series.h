// The driver's own buffers of measurements.
#pragma once

#include <span>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

struct SeriesRequest {
  size_t series = 0;  // index into kSeriesMetrics
  int64_t after_us = 0;
  std::span<SeriesPoint> out;
};

// As Source::Drain. REQUIRES: the target is present and not stale.
Status DrainTarget(const NvmlLibrary& library, const Target& target, const SeriesRequest& request,
                   size_t* count);

}  // namespace gpuring
