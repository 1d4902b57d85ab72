// How busy a device is, and how full.
#include <bit>

#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

constexpr unsigned long long kMiB = 1ull << 20;

struct MemoryReading {
  nvmlReturn_t result;
  unsigned long long total, reserved, used, free;
};

MemoryReading ReadMemory(const DeviceCall& call) {
  MemoryReading memory{};
  memory.result = call.Read(Column::kMemoryTotal, &memory.total);
  if (memory.result == NVML_SUCCESS) {
    memory.result = call.Read(Column::kMemoryReserved, &memory.reserved);
  }
  if (memory.result == NVML_SUCCESS) memory.result = call.Read(Column::kMemoryUsed, &memory.used);
  if (memory.result == NVML_SUCCESS) memory.result = call.Read(Column::kMemoryFree, &memory.free);
  return memory;
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

// JPEG and optical-flow engines came with Ampere. Nothing in a scenario uses them.
nvmlReturn_t TellIdleEngine(const DeviceCall& call, EngineReading out) {
  if (!call.ok()) return call.result();
  if (call.board().architecture < NVML_DEVICE_ARCH_AMPERE) return NVML_ERROR_NOT_SUPPORTED;
  *out.percent = 0;
  *out.period_us = call.board().utilization_refresh_ms * 1000;
  return NVML_SUCCESS;
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device,
                                                          nvmlUtilization_t* rates) {
  const DeviceCall call(__func__, device, rates);
  if (!call.ok()) return call.result();
  nvmlUtilization_t read{};
  nvmlReturn_t result = call.Read(Column::kUtilizationGpu, &read.gpu);
  if (result == NVML_SUCCESS) result = call.Read(Column::kUtilizationMemory, &read.memory);
  if (result == NVML_SUCCESS) *rates = read;
  return result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDynamicPstatesInfo(nvmlDevice_t device,
                                                            nvmlGpuDynamicPstatesInfo_t* info) {
  const DeviceCall call(__func__, device, info);
  if (!call.ok()) return call.result();
  nvmlGpuDynamicPstatesInfo_t read{};
  read.flags = 1;  // the board changes states by itself
  nvmlReturn_t result = call.Read(Column::kUtilizationGpu, &read.utilization[0].percentage);
  if (result == NVML_SUCCESS) {
    result = call.Read(Column::kUtilizationMemory, &read.utilization[1].percentage);
  }
  if (result != NVML_SUCCESS) return result;
  read.utilization[0].bIsPresent = 1;
  read.utilization[1].bIsPresent = 1;
  *info = read;
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
  return TellIdleEngine(DeviceCall(__func__, device, percent, period_us), {percent, period_us});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetOfaUtilization(nvmlDevice_t device, unsigned int* percent,
                                                        unsigned int* period_us) {
  return TellIdleEngine(DeviceCall(__func__, device, percent, period_us), {percent, period_us});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t* out) {
  const DeviceCall call(__func__, device, out);
  if (!call.ok()) return call.result();
  const MemoryReading memory = ReadMemory(call);
  if (memory.result != NVML_SUCCESS) return memory.result;
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
  if (memory.result != NVML_SUCCESS) return memory.result;
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
  constexpr unsigned long long kMappedByDriver = 2 * kMiB;
  out->bar1Total = Bar1Bytes(call.board());
  out->bar1Used = kMappedByDriver;
  out->bar1Free = out->bar1Total - out->bar1Used;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
