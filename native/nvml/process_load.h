// How busy a device's processes keep it.
#pragma once

#include "core/device_detail.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// Completes the processes listed in `detail`. The return code is the device's or library's death,
// else NVML_SUCCESS. Allocates nothing.
nvmlReturn_t ReadProcessLoad(const NvmlLibrary& library, Target* target, DeviceDetail* detail);

}  // namespace gpuring
