// The PCIe link.
#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/clock.h"
#include "simulator/field_table.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// How long the driver counts bytes for one answer, blocking its caller.
constexpr int64_t kThroughputWindowNs = kSecondNs / 50;

// As the present load goes, so that it agrees with the byte counters of fields 197 and 198.
unsigned int ThroughputKbPerSecond(const Device& device, nvmlPcieUtilCounter_t counter) {
  Counters window;
  window.Add(device.activity(), kSecondNs);
  const Direction direction =
      counter == NVML_PCIE_UTIL_RX_BYTES ? Direction::kReceive : Direction::kTransmit;
  return static_cast<unsigned int>(PcieBytes(device.board(), window, direction) / 1000);
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t device,
                                                                unsigned int* generation) {
  return DeviceCall(__func__, device, generation).Read(Column::kPcieGeneration, generation);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCurrPcieLinkWidth(nvmlDevice_t device,
                                                           unsigned int* width) {
  return DeviceCall(__func__, device, width).Read(Column::kPcieWidth, width);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMaxPcieLinkGeneration(nvmlDevice_t device,
                                                               unsigned int* generation) {
  return DeviceCall(__func__, device, generation).Tell(&Board::pcie_generation_max, generation);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetGpuMaxPcieLinkGeneration(nvmlDevice_t device,
                                                                  unsigned int* generation) {
  return DeviceCall(__func__, device, generation).Tell(&Board::pcie_generation_max, generation);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMaxPcieLinkWidth(nvmlDevice_t device,
                                                          unsigned int* width) {
  return DeviceCall(__func__, device, width).Tell(&Board::pcie_width_max, width);
}

// NVML numbers these speeds from 1, as the generations.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPcieLinkMaxSpeed(nvmlDevice_t device,
                                                          unsigned int* speed) {
  return DeviceCall(__func__, device, speed).Tell(&Board::pcie_generation_max, speed);
}

// Mbit/s a lane.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPcieSpeed(nvmlDevice_t device, unsigned int* speed) {
  unsigned int generation = 0;
  const nvmlReturn_t result =
      DeviceCall(__func__, device, speed).Derive(Column::kPcieGeneration, &generation);
  if (result == NVML_SUCCESS) *speed = PcieLaneMbps(generation);
  return result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPcieReplayCounter(nvmlDevice_t device,
                                                           unsigned int* count) {
  const DeviceCall call(__func__, device, count);
  if (!call.ok()) return call.result();
  return World::Get().Ask(call.device(), [count](Device& there) {
    const FieldReading replays = ReadField(&there, {NVML_FI_DEV_PCIE_REPLAY_COUNTER});
    *count = static_cast<unsigned int>(replays.answer.value);
    return replays.answer.result;
  });
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device,
                                                        nvmlPcieUtilCounter_t counter,
                                                        unsigned int* kb_per_second) {
  const DeviceCall call(__func__, device, kb_per_second);
  if (!call.ok()) return call.result();
  if (counter > NVML_PCIE_UTIL_RX_BYTES) return NVML_ERROR_INVALID_ARGUMENT;
  if (call.board().architecture < NVML_DEVICE_ARCH_MAXWELL) return NVML_ERROR_NOT_SUPPORTED;
  SleepNs(kThroughputWindowNs);
  NoteQuantity(1 + counter);
  return World::Get().Ask(call.device(), [=](Device& there) {
    *kb_per_second = ThroughputKbPerSecond(there, counter);
    return NVML_SUCCESS;
  });
}

}  // namespace gpuring::simulator
