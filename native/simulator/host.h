// What a scenario fixes about its devices, and how it is described to clients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/boards.h"
#include "simulator/device.h"
#include "simulator/scenario.h"

namespace gpuring::simulator {

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

[[nodiscard]] DeviceFacts MakeFacts(const Board& board, uint64_t seed, uint32_t index);

// As gpuringSimulatorDescribe answers. `facts` and `devices` go by the same index.
[[nodiscard]] std::string DescribeScenario(const Scenario& scenario,
                                           const std::vector<DeviceFacts>& facts,
                                           const std::vector<Device>& devices);
// When no scenario could be loaded.
[[nodiscard]] std::string DescribeFailure(const std::string& error);

}  // namespace gpuring::simulator
