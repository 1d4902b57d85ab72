// The processes that use a device.
#pragma once

#include <array>
#include <cstdint>

#include "core/device_detail.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// What was found out about the driver.
struct ProcessMemory {
  std::array<uint8_t, 3> first_version{};  // of each list: those before it will never answer
  std::array<uint32_t, 3> record_bytes{};  // likewise; 0: not known
  uint64_t seen_us = 0;                    // the latest sample of a process, in the driver's clock
};

// REQUIRES: the target is present and not stale. The return code is the device's or library's
// death, else NVML_SUCCESS. Allocates nothing.
nvmlReturn_t ReadProcesses(const NvmlLibrary& library, Target* target, DeviceDetail* detail);

}  // namespace gpuring
