#include "simulator/host.h"

#include <array>
#include <cstdio>

#include "simulator/json.h"
#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

enum Purpose : uint64_t { kUuidPurpose = 1, kSerialPurpose };

constexpr uint32_t kFirstBus = 0x0B;
constexpr uint32_t kBusStride = 3;  // 64 devices stay below bus 256

std::string MakeUuid(uint64_t seed) {
  const uint64_t high = Mix(seed, 0);
  const uint64_t low = Mix(seed, 1);
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "GPU-%08x-%04x-%04x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xFFFF),
                static_cast<unsigned>(high & 0xFFFF), static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xFFFF'FFFF'FFFF));
  return text.data();
}

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

}  // namespace

DeviceFacts MakeFacts(const Board& board, uint64_t seed, uint32_t index) {
  const uint64_t own_seed = Mix(seed, index);
  DeviceFacts facts{};
  facts.board = &board;
  facts.uuid = MakeUuid(Mix(own_seed, kUuidPurpose));
  if (board.has_serial) facts.serial = MakeSerial(Mix(own_seed, kSerialPurpose));
  facts.pci_bus = kFirstBus + kBusStride * index;
  facts.minor_number = index;
  std::array<char, 24> bus_id;
  std::snprintf(bus_id.data(), bus_id.size(), "%08X:%02X:%02X.0", facts.pci_domain, facts.pci_bus,
                facts.pci_device);
  facts.bus_id = bus_id.data();
  return facts;
}

std::string DescribeScenario(const Scenario& scenario, const std::vector<DeviceFacts>& facts,
                             const std::vector<Device>& devices) {
  std::string text = R"({"simulated":true,"scenario":)" + QuoteJson(scenario.name) + R"(,"seed":)" +
                     std::to_string(scenario.seed) + R"(,"devices":[)";
  for (size_t i = 0; i < devices.size(); ++i) {
    const Device& device = devices[i];
    const Trace* trace = device.trace();
    text += (i == 0 ? "" : ",");
    text += R"({"uuid":)" + QuoteJson(facts[i].uuid) + R"(,"board":)" +
            QuoteJson(device.board().key) + R"(,"trace":)" +
            (trace == nullptr ? "null" : QuoteJson(trace->name())) + R"(,"recorded":)" +
            ListColumns(device, true) + R"(,"modelled":)" + ListColumns(device, false) + "}";
  }
  return text + "]}";
}

std::string DescribeFailure(const std::string& error) {
  return R"({"simulated":true,"scenario":"","seed":0,"devices":[],"error":)" + QuoteJson(error) +
         "}";
}

}  // namespace gpuring::simulator
