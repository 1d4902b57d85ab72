// What a scenario fixes about its devices, and how it is described to clients.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simulator/boards.h"
#include "simulator/device.h"
#include "simulator/mig.h"
#include "simulator/roster.h"
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

// Of a MIG instance, with what its board's members are for the instance.
struct InstanceFacts {
  std::string name;  // "NVIDIA A100-SXM4-40GB MIG 1g.5gb"
  Board board;
  DeviceFacts facts;
};
// It refers to itself: neither copied nor moved.
[[nodiscard]] std::unique_ptr<InstanceFacts> MakeInstanceFacts(const DeviceFacts& board_facts,
                                                               const MigProfile& profile,
                                                               std::string uuid);

// By position.
struct DescribedHost {
  const Roster& roster;
  const std::vector<MigLayout>& mig;
  const std::vector<DeviceFacts>& facts;
  const std::vector<Device>& devices;
};
// As gpuringSimulatorDescribe answers.
[[nodiscard]] std::string DescribeScenario(const Scenario& scenario, const DescribedHost& host);
// As the command "list" answers: less of each device, so that the reply of many is not cut off.
[[nodiscard]] std::string DescribeDevices(const DescribedHost& host);
// When no scenario could be loaded.
[[nodiscard]] std::string DescribeFailure(const std::string& error);

}  // namespace gpuring::simulator
