#pragma once

#include <cstdint>

#include "nvml/abi.h"

namespace gpuring::simulator {

// A return code, and the integer that goes with NVML_SUCCESS, in NVML's own unit.
struct Answer {
  nvmlReturn_t result = NVML_SUCCESS;
  int64_t value = 0;
};

}  // namespace gpuring::simulator
