// The PCIe link.
#include <algorithm>
#include <array>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/clock.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
// How long the driver counts bytes for one answer, blocking its caller.
constexpr int64_t kThroughputWindowNs = 20 * kMillisecondNs;

// Mbit/s a lane, by generation.
constexpr std::array<unsigned int, 7> kLaneMbps = {0, 2500, 5000, 8000, 16000, 32000, 64000};

unsigned int LaneMbps(unsigned int generation) {
  return kLaneMbps[std::min<size_t>(generation, kLaneMbps.size() - 1)];
}

// Traffic as of a job that feeds its GPU in waves: up to a few hundredths of what the link carries,
// more towards the device than back. It follows the clock, not the load: reading the load here
// would count as a client's question and could move a replayed trace on.
unsigned int ThroughputKibPerSecond(const DeviceCall& call, nvmlPcieUtilCounter_t counter) {
  constexpr int64_t kWaveMs = 20'000;
  constexpr int64_t kDeviceShiftMs = 3'000;
  const int64_t ms = MonotonicNs() / kMillisecondNs + call.device() * kDeviceShiftMs;
  const int64_t phase = ms % kWaveMs;
  const int64_t wave_permille = std::min(phase, kWaveMs - phase) * 2000 / kWaveMs;
  const int64_t link_kib =
      int64_t{LaneMbps(call.board().pcie_generation_max)} * call.board().pcie_width_max * 1000 / 8;
  const int64_t share_permille = counter == NVML_PCIE_UTIL_RX_BYTES ? 40 : 10;
  return static_cast<unsigned int>(link_kib * share_permille / 1000 * (wave_permille + 100) / 1100);
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
      DeviceCall(__func__, device, speed).Read(Column::kPcieGeneration, &generation);
  if (result == NVML_SUCCESS) *speed = LaneMbps(generation);
  return result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPcieReplayCounter(nvmlDevice_t device,
                                                           unsigned int* count) {
  return DeviceCall(__func__, device, count).TellConstant(0u, count);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device,
                                                        nvmlPcieUtilCounter_t counter,
                                                        unsigned int* kib_per_second) {
  const DeviceCall call(__func__, device, kib_per_second);
  if (!call.ok()) return call.result();
  if (counter > NVML_PCIE_UTIL_RX_BYTES) return NVML_ERROR_INVALID_ARGUMENT;
  SleepNs(kThroughputWindowNs);
  *kib_per_second = ThroughputKibPerSecond(call, counter);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
