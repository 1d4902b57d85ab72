// The simulated host: devices, their values at this moment, faults. The exported nvml* functions
// (exports_*.cc) check arguments and translate; everything they answer comes from here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nvml/abi.h"
#include "simulator/boards.h"
#include "simulator/column.h"

namespace gpuring::simulator {

// One answer: a return code, and the integer that goes with NVML_SUCCESS, in NVML's own unit.
struct Answer {
  nvmlReturn_t result = NVML_SUCCESS;
  int64_t value = 0;
};

// What tells one device from another; fixed while a scenario is loaded.
struct DeviceFacts {
  const Board* board;
  std::string uuid;    // "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", from the seed and index
  std::string serial;  // "" where the board has none
  std::string bus_id;  // "00000000:1B:00.0"
  uint32_t pci_domain;
  uint32_t pci_bus;
  uint32_t pci_device;
  uint32_t minor_number;
};

// Thread rules: every member may be called from any thread; one mutex inside.
class World {
 public:
  // The process's world: never destroyed, so late calls from foreign threads stay defined.
  static World& Get();

  // First call of every export. Sleeps for injected delays, then returns the injected code, or
  // NVML_ERROR_UNINITIALIZED before init (`device` -1: not about one device), else NVML_SUCCESS.
  nvmlReturn_t Enter(std::string_view function, int device);
  // As Enter, for the few functions that work before init (init itself, error strings).
  nvmlReturn_t EnterUninitialized(std::string_view function);

  nvmlReturn_t Init(uint32_t flags);
  nvmlReturn_t Shutdown();

  // Not thread-limited but meaningless before init: 0 devices then.
  int device_count();
  const DeviceFacts& facts(int device);
  const std::string& driver_version();

  // The value of a column now. NVML_ERROR_NOT_SUPPORTED where the board does not offer it; the
  // code a trace cell stands for ("[Unknown Error]" is NVML_ERROR_UNKNOWN).
  Answer Read(int device, Column column);

  // gpuringSimulatorDescribe and gpuringSimulatorControl.
  const char* Describe();
  nvmlReturn_t Control(std::string_view command, std::string_view argument, std::string* reply);
};

}  // namespace gpuring::simulator
