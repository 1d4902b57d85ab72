// Samples of performance counters that clients hold: handles, never dereferenced.
#pragma once

#include <cstdint>

#include "nvml/abi.h"
#include "simulator/counters.h"

namespace gpuring::simulator {

// What was counted when the sample was taken.
struct GpmSample {
  int device = -1;  // -1: allocated, never taken
  uint32_t gpu_instance = NVML_VALUE_NOT_AVAILABLE_U32;
  int64_t time_ns = 0;
  Counters counters;
};

// Any thread. Samples end with the library's life.
nvmlReturn_t AllocateGpmSample(nvmlGpmSample_t* sample);
nvmlReturn_t FreeGpmSample(nvmlGpmSample_t sample);
// NVML_ERROR_INVALID_ARGUMENT for what is no living sample.
nvmlReturn_t StoreGpmSample(nvmlGpmSample_t sample, const GpmSample& taken);
nvmlReturn_t LoadGpmSample(nvmlGpmSample_t sample, GpmSample* taken);
// After the last shutdown: frees what clients left behind, and tells how many there were.
uint64_t EndGpmSamples();

}  // namespace gpuring::simulator
