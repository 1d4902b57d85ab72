#include "simulator/host.h"

#include <array>
#include <cstdio>
#include <utility>

#include "simulator/json.h"
#include "simulator/random.h"
#include "simulator/uuid.h"

namespace gpuring::simulator {
namespace {

enum Purpose : uint64_t { kUuidPurpose = 1, kSerialPurpose };

constexpr uint32_t kFirstBus = 0x0B;
constexpr uint32_t kBusStride = 3;  // 64 devices stay below bus 256

std::string MakeSerial(uint64_t seed) {
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "16%011llu",
                static_cast<unsigned long long>(Mix(seed) % 100'000'000'000));
  return text.data();
}

std::string ListColumns(const Device& device, bool recorded) {
  std::string list;
  for (size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!device.Offers(column) || device.Records(column) != recorded) continue;
    list += (list.empty() ? "" : ",") + QuoteJson(kColumnNames[i]);
  }
  return "[" + list + "]";
}

// A device that fell off the bus has no index.
std::string DescribePlace(const Roster& roster, int position) {
  constexpr std::array kPresences = {"present", "lost", "removed"};  // as Presence
  const int index = roster.IndexOf(position);
  return R"(,"position":)" + std::to_string(position) + R"(,"index":)" +
         (index < 0 ? "null" : std::to_string(index)) + R"(,"presence":)" +
         QuoteJson(kPresences[static_cast<size_t>(roster.presence(position))]);
}

// Null while MIG is off.
std::string DescribeLayout(const MigLayout& layout, const std::string& uuid) {
  if (!layout.enabled()) return "null";
  std::string list;
  for (size_t slot = 0; slot < MigLayout::kSlots; ++slot) {
    const MigInstance& instance = layout.at(slot);
    if (instance.profile == nullptr) continue;
    const uint32_t gpu = instance.gpu_instance_id;
    const uint32_t compute = instance.compute_instance_id;
    list += (list.empty() ? "" : ",");
    list += R"({"index":)" + std::to_string(slot) + R"(,"profile":)" +
            QuoteJson(instance.profile->name) + R"(,"uuid":)" +
            QuoteJson(MigUuid(uuid, gpu, compute)) + R"(,"gpuInstanceId":)" + std::to_string(gpu) +
            R"(,"computeInstanceId":)" + std::to_string(compute) + "}";
  }
  return "[" + list + "]";
}

}  // namespace

DeviceFacts MakeFacts(const Board& board, uint64_t seed, uint32_t index) {
  const uint64_t own_seed = Mix(seed, index);
  DeviceFacts facts{};
  facts.board = &board;
  facts.uuid = FormatUuid("GPU-", Mix(own_seed, kUuidPurpose));
  if (board.has_serial) facts.serial = MakeSerial(Mix(own_seed, kSerialPurpose));
  facts.pci_bus = kFirstBus + kBusStride * index;
  facts.minor_number = index;
  std::array<char, 24> bus_id;
  std::snprintf(bus_id.data(), bus_id.size(), "%08X:%02X:%02X.0", facts.pci_domain, facts.pci_bus,
                facts.pci_device);
  facts.bus_id = bus_id.data();
  return facts;
}

std::unique_ptr<InstanceFacts> MakeInstanceFacts(const DeviceFacts& board_facts,
                                                 const MigProfile& profile, std::string uuid) {
  constexpr uint64_t kMiB = 1 << 20;
  auto instance = std::make_unique<InstanceFacts>();
  instance->name = std::string(board_facts.board->name) + " MIG " + profile.name;
  instance->board = *board_facts.board;
  instance->board.name = instance->name.c_str();
  instance->board.multiprocessor_count = profile.multiprocessors;
  instance->board.memory_total_bytes = profile.memory_mib * kMiB;
  instance->board.max_mig_devices = 0;
  instance->facts = board_facts;
  instance->facts.board = &instance->board;
  instance->facts.uuid = std::move(uuid);
  return instance;
}

std::string DescribeScenario(const Scenario& scenario, const DescribedHost& host) {
  std::string text = R"({"simulated":true,"scenario":)" + QuoteJson(scenario.name) + R"(,"seed":)" +
                     std::to_string(scenario.seed) + R"(,"devices":[)";
  for (size_t i = 0; i < host.devices.size(); ++i) {
    const Device& device = host.devices[i];
    const Trace* trace = device.trace();
    const std::string& uuid = host.facts[i].uuid;
    text += (i == 0 ? "" : ",");
    text += R"({"uuid":)" + QuoteJson(uuid) + R"(,"board":)" + QuoteJson(device.board().key) +
            R"(,"trace":)" + (trace == nullptr ? "null" : QuoteJson(trace->name())) +
            R"(,"recorded":)" + ListColumns(device, true) + R"(,"modelled":)" +
            ListColumns(device, false) + DescribePlace(host.roster, static_cast<int>(i)) +
            R"(,"mig":)" + DescribeLayout(host.mig[i], uuid) + "}";
  }
  return text + "]}";
}

std::string DescribeDevices(const DescribedHost& host) {
  std::string list;
  for (size_t i = 0; i < host.devices.size(); ++i) {
    const std::string& uuid = host.facts[i].uuid;
    list += (i == 0 ? "" : ",");
    list += R"({"uuid":)" + QuoteJson(uuid) + R"(,"board":)" +
            QuoteJson(host.devices[i].board().key) +
            DescribePlace(host.roster, static_cast<int>(i)) + R"(,"mig":)" +
            DescribeLayout(host.mig[i], uuid) + "}";
  }
  return "[" + list + "]";
}

std::string DescribeFailure(const std::string& error) {
  return R"({"simulated":true,"scenario":"","seed":0,"devices":[],"error":)" + QuoteJson(error) +
         "}";
}

}  // namespace gpuring::simulator
