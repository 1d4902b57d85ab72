// How one device is asked. Shared by the files of this folder; nobody else sees it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "nvml/abi.h"
#include "nvml/detail.h"
#include "nvml/gpm.h"
#include "nvml/poll.h"

namespace gpuring {

// Lives in a fixed array: a thread left behind in a call about it still finds it there.
struct Target {
  static constexpr unsigned int kNoInstance = UINT32_MAX;

  bool present = false;
  bool stale = false;       // needs a new handle before it is asked again
  bool subscribed = false;  // its events were asked for, if it has any
  nvmlDevice_t handle = nullptr;
  std::array<char, NVML_DEVICE_UUID_V2_BUFFER_SIZE> uuid{};  // with its terminator
  unsigned int index = 0;                                    // the driver's, of the GPU

  bool is_mig = false;  // an instance: `parent` is its GPU
  nvmlDevice_t parent = nullptr;
  unsigned int gpu_instance_id = kNoInstance;  // of an instance, where it is known
  bool unified_memory = false;                 // the system's memory is the device's
  // Of the file that says whether the device sleeps; empty: never looked at.
  std::array<char, 96> runtime_status_path{};

  PollMemory poll;  // what Poll has found out about the driver
  GpmSamples gpm;
  DetailMemory detail;
};

}  // namespace gpuring
