// NVML's binary interface as far as gpuring and its simulated driver speak it: names, numbers and
// layouts only, under NVML's own spelling so that they can be looked up in NVIDIA's manual.
// Source of every figure: nvml.h 13.3.29 (API version 13), compiled for x86-64.
#pragma once

#include "nvml/abi_numbers.h"       // IWYU pragma: export
#include "nvml/abi_rare_structs.h"  // IWYU pragma: export
#include "nvml/abi_structs.h"       // IWYU pragma: export

namespace gpuring {

// The simulated driver's own two symbols; a real driver has neither. Both work before nvmlInit.
extern "C" {
// JSON, owned by the library, valid until the next Control.
const char* gpuringSimulatorDescribe(void);
// Returns an nvmlReturn_t. `command`: one of those in simulator/world_commands.cc. `reply` receives
// a terminated text, the error message or the result, cut off at `reply_size`.
unsigned int gpuringSimulatorControl(const char* command, const char* argument, char* reply,
                                     unsigned int reply_size);
}

}  // namespace gpuring
