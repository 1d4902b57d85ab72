// How busy a device is, and how full.
#include <algorithm>
#include <array>
#include <bit>

#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

constexpr unsigned long long kMiB = 1ull << 20;

// At one instant, so that the parts add up.
struct MemoryReading {
  nvmlReturn_t result;
  unsigned long long total, reserved, used, free;
};

MemoryReading ReadMemory(const DeviceCall& call) {
  constexpr std::array kColumns = {Column::kMemoryTotal, Column::kMemoryReserved,
                                   Column::kMemoryUsed, Column::kMemoryFree};
  std::array<unsigned long long, kColumns.size()> bytes{};
  const nvmlReturn_t result = call.Read(kColumns, &bytes);
  return {result, bytes[0], bytes[1], bytes[2], bytes[3]};
}

struct RatesReading {
  nvmlReturn_t result;
  unsigned int gpu, memory;
};

RatesReading ReadRates(const DeviceCall& call) {
  constexpr std::array kColumns = {Column::kUtilizationGpu, Column::kUtilizationMemory};
  std::array<unsigned int, kColumns.size()> percent{};
  const nvmlReturn_t result = call.Read(kColumns, &percent);
  return {result, percent[0], percent[1]};
}

// The window of device memory that the host can address: all of it on passively cooled boards with
// much memory, as in servers; the classic 256 MiB elsewhere.
unsigned long long Bar1Bytes(const Board& board) {
  const bool whole = board.fan_count == 0 && board.memory_total_bytes > 16 * 1024 * kMiB;
  return whole ? std::bit_ceil(board.memory_total_bytes) : 256 * kMiB;
}

// Media engines' utilisation, measured over the same window as the GPU's.
struct EngineReading {
  unsigned int* percent;
  unsigned int* period_us;
};

nvmlReturn_t ReadEngine(const DeviceCall& call, Column column, EngineReading out) {
  const nvmlReturn_t result = call.Read(column, out.percent);
  if (result == NVML_SUCCESS) *out.period_us = call.board().utilization_refresh_ms * 1000;
  return result;
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device,
                                                          nvmlUtilization_t* rates) {
  const DeviceCall call(__func__, device, rates);
  const RatesReading read = ReadRates(call);
  if (read.result == NVML_SUCCESS) *rates = {read.gpu, read.memory};
  return read.result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDynamicPstatesInfo(nvmlDevice_t device,
                                                            nvmlGpuDynamicPstatesInfo_t* info) {
  const DeviceCall call(__func__, device, info);
  const RatesReading read = ReadRates(call);
  if (read.result != NVML_SUCCESS) return read.result;
  *info = {};
  info->flags = 1;  // the board changes states by itself
  info->utilization[0].bIsPresent = 1;
  info->utilization[0].percentage = read.gpu;
  info->utilization[1].bIsPresent = 1;
  info->utilization[1].percentage = read.memory;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device,
                                                            unsigned int* percent,
                                                            unsigned int* period_us) {
  return ReadEngine(DeviceCall(__func__, device, percent, period_us), Column::kUtilizationEncoder,
                    {percent, period_us});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device,
                                                            unsigned int* percent,
                                                            unsigned int* period_us) {
  return ReadEngine(DeviceCall(__func__, device, percent, period_us), Column::kUtilizationDecoder,
                    {percent, period_us});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetJpgUtilization(nvmlDevice_t device, unsigned int* percent,
                                                        unsigned int* period_us) {
  return ReadEngine(DeviceCall(__func__, device, percent, period_us), Column::kUtilizationJpeg,
                    {percent, period_us});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetOfaUtilization(nvmlDevice_t device, unsigned int* percent,
                                                        unsigned int* period_us) {
  return ReadEngine(DeviceCall(__func__, device, percent, period_us), Column::kUtilizationOfa,
                    {percent, period_us});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t* out) {
  const DeviceCall call(__func__, device, out);
  const MemoryReading memory = ReadMemory(call);
  if (memory.result != NVML_SUCCESS) {
    if (call.ok() && call.board().has_unified_memory) *out = {};
    return memory.result;
  }
  out->total = memory.total;
  out->free = memory.free;
  out->used = memory.used + memory.reserved;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t* out) {
  const DeviceCall call(__func__, device, out);
  if (!call.ok()) return call.result();
  if (out->version != VersionWord<nvmlMemory_v2_t>(2)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  const MemoryReading memory = ReadMemory(call);
  if (memory.result != NVML_SUCCESS) {
    if (call.board().has_unified_memory) out->total = out->reserved = out->free = out->used = 0;
    return memory.result;
  }
  out->total = memory.total;
  out->reserved = memory.reserved;
  out->free = memory.free;
  out->used = memory.used;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device,
                                                        nvmlBAR1Memory_t* out) {
  const DeviceCall call(__func__, device, out);
  if (!call.ok()) return call.result();
  constexpr int64_t kMappedByEach = 2 * kMiB;  // the driver, and each process
  out->bar1Total = Bar1Bytes(call.board());
  const nvmlReturn_t asked = World::Get().Ask(call.device(), [out](Device& there) {
    const auto mapped = kMappedByEach * static_cast<int64_t>(1 + there.processes().size());
    const int64_t used =
        there.overrides().ValueOr(KeyOf(Setting::kBar1Used), there.time_ns(), mapped);
    out->bar1Used = std::min(static_cast<unsigned long long>(used), out->bar1Total);
    return NVML_SUCCESS;
  });
  if (asked != NVML_SUCCESS) return asked;
  out->bar1Free = out->bar1Total - out->bar1Used;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
