// A device's fans.
#pragma once

#include "core/device_detail.h"
#include "nvml/library.h"

namespace gpuring {

// The return code is the device's or library's death, else NVML_SUCCESS.
nvmlReturn_t ReadFans(const NvmlLibrary& library, nvmlDevice_t device, DeviceDetail* detail);

}  // namespace gpuring
