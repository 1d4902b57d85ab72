// The quantities a device shows, under the names that nvidia-smi and recorded traces give them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gpuring::simulator {

enum class Column : uint8_t {
  kUtilizationGpu,     // %
  kUtilizationMemory,  // %
  kMemoryTotal,        // bytes
  kMemoryReserved,     // bytes
  kMemoryUsed,         // bytes, reserved part not counted
  kMemoryFree,         // bytes
  kPowerDraw,          // mW, what nvmlDeviceGetPowerUsage answers
  kPowerDrawInstant,   // mW
  kPowerDrawAverage,   // mW
  kPowerLimit,         // mW
  kTotalEnergy,        // mJ since init
  kTemperatureGpu,     // °C
  kTemperatureMemory,  // °C
  kClockGraphics,      // MHz
  kClockSm,            // MHz
  kClockMemory,        // MHz
  kClockVideo,         // MHz
  kPstate,             // 0..15
  kClockEventReasons,  // NVML bits
  kFanSpeed,           // %
  kPcieGeneration,
  kPcieWidth,
  kUtilizationEncoder,  // %
  kUtilizationDecoder,  // %
  kUtilizationJpeg,     // %
  kUtilizationOfa,      // %
};
inline constexpr size_t kColumnCount = static_cast<size_t>(Column::kUtilizationOfa) + 1;

inline constexpr std::array<std::string_view, kColumnCount> kColumnNames = {
    "utilization.gpu",
    "utilization.memory",
    "memory.total",
    "memory.reserved",
    "memory.used",
    "memory.free",
    "power.draw",
    "power.draw.instant",
    "power.draw.average",
    "enforced.power.limit",
    "total_energy_consumption",
    "temperature.gpu",
    "temperature.memory",
    "clocks.current.graphics",
    "clocks.current.sm",
    "clocks.current.memory",
    "clocks.current.video",
    "pstate",
    "clocks_event_reasons.active",
    "fan.speed",
    "pcie.link.gen.current",
    "pcie.link.width.current",
    "utilization.encoder",
    "utilization.decoder",
    "utilization.jpeg",
    "utilization.ofa"};

}  // namespace gpuring::simulator
