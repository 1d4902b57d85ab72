// The driver's own buffers of measurements.
#pragma once

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// As Source::Drain. REQUIRES: the target is present and not stale.
Status DrainTarget(const NvmlLibrary& library, const Target& target, const SeriesRequest& request,
                   size_t* count);

}  // namespace gpuring
