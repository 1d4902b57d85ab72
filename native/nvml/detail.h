// What a device has several of: fans, links, processes.
#pragma once

#include <cstdint>

#include "core/device_detail.h"
#include "core/status.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

struct DetailMemory {
  // Of the driver's process records, as found out; some drivers write 32 where 24 are declared.
  uint32_t process_record_bytes = 0;
  uint64_t process_samples_seen_us = 0;  // in the driver's clock
};

// As Source::ReadDetail. REQUIRES: the target is present and not stale.
Status ReadTargetDetail(const NvmlLibrary& library, Target* target, DeviceDetail* detail);

}  // namespace gpuring
