// What a device has several of: fans, links, processes.
#pragma once

#include "core/device_detail.h"
#include "core/status.h"
#include "nvml/library.h"
#include "nvml/processes.h"

namespace gpuring {

struct Target;

struct DetailMemory {
  ProcessMemory processes;
};

// As Source::ReadDetail. REQUIRES: the target is present and not stale.
Status ReadTargetDetail(const NvmlLibrary& library, Target* target, DeviceDetail* detail);

}  // namespace gpuring
