// Reads a simulated device's quantities under nvidia-smi's names, through the exported functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "check.h"
#include "nvml/abi.h"
#include "simulator_driver.h"

namespace gpuring::check {

struct Reading {
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  int64_t value = 0;  // NVML's own unit

  bool operator==(const Reading&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Reading& reading) {
  if (reading.result != NVML_SUCCESS) return out << "error " << reading.result;
  return out << reading.value;
}

inline Reading ReadNumber(const char* function, nvmlDevice_t device) {
  unsigned int value = 0;
  const nvmlReturn_t result = Driver::Call(function, device, &value);
  return {result, value};
}

inline Reading ReadField(unsigned int id, nvmlDevice_t device) {
  nvmlFieldValue_t field{};
  field.fieldId = id;
  const nvmlReturn_t result = Driver::Call("nvmlDeviceGetFieldValues", device, 1, &field);
  if (result != NVML_SUCCESS) return {result, 0};
  return {field.nvmlReturn, field.nvmlReturn == NVML_SUCCESS ? field.value.uiVal : 0};
}

inline Reading ReadClock(nvmlClockType_t type, nvmlDevice_t device) {
  unsigned int mhz = 0;
  const nvmlReturn_t result = Driver::Call("nvmlDeviceGetClockInfo", device, type, &mhz);
  return {result, mhz};
}

inline Reading ReadWide(const char* function, nvmlDevice_t device) {
  unsigned long long value = 0;
  const nvmlReturn_t result = Driver::Call(function, device, &value);
  return {result, static_cast<int64_t>(value)};
}

inline nvmlMemory_v2_t ReadMemory(nvmlDevice_t device, nvmlReturn_t* result) {
  nvmlMemory_v2_t memory{};
  memory.version = VersionWord<nvmlMemory_v2_t>(2);
  *result = Driver::Call("nvmlDeviceGetMemoryInfo_v2", device, &memory);
  return memory;
}

inline Reading ReadMemoryColumn(std::string_view column, nvmlDevice_t device) {
  Reading reading;
  const nvmlMemory_v2_t memory = ReadMemory(device, &reading.result);
  const auto value = column == "memory.total"      ? memory.total
                     : column == "memory.reserved" ? memory.reserved
                     : column == "memory.free"     ? memory.free
                                                   : memory.used;
  reading.value = static_cast<int64_t>(value);
  return reading;
}

inline Reading ReadUtilization(std::string_view column, nvmlDevice_t device) {
  nvmlUtilization_t rates{};
  const nvmlReturn_t result = Driver::Call("nvmlDeviceGetUtilizationRates", device, &rates);
  return {result, column == "utilization.gpu" ? rates.gpu : rates.memory};
}

inline Reading ReadTemperature(nvmlDevice_t device) {
  nvmlTemperature_v1_t temperature{};
  temperature.version = VersionWord<nvmlTemperature_v1_t>(1);
  const nvmlReturn_t result = Driver::Call("nvmlDeviceGetTemperatureV", device, &temperature);
  return {result, temperature.temperature};
}

inline Reading ReadColumn(std::string_view column, nvmlDevice_t device) {
  if (column.starts_with("utilization.")) return ReadUtilization(column, device);
  if (column.starts_with("memory.")) return ReadMemoryColumn(column, device);
  if (column == "power.draw") return ReadNumber("nvmlDeviceGetPowerUsage", device);
  if (column == "power.draw.average") return ReadField(185, device);
  if (column == "power.draw.instant") return ReadField(186, device);
  if (column == "temperature.gpu") return ReadTemperature(device);
  if (column == "temperature.memory") return ReadField(82, device);
  if (column == "clocks.current.sm") return ReadClock(NVML_CLOCK_SM, device);
  if (column == "clocks.current.memory") return ReadClock(NVML_CLOCK_MEM, device);
  if (column == "pstate") return ReadNumber("nvmlDeviceGetPerformanceState", device);
  if (column == "fan.speed") return ReadNumber("nvmlDeviceGetFanSpeed", device);
  if (column == "total_energy") return ReadWide("nvmlDeviceGetTotalEnergyConsumption", device);
  if (column == "event_reasons") {
    return ReadWide("nvmlDeviceGetCurrentClocksEventReasons", device);
  }
  if (column == "pcie.link.gen.current") {
    return ReadNumber("nvmlDeviceGetCurrPcieLinkGeneration", device);
  }
  if (column == "pcie.link.width.current") {
    return ReadNumber("nvmlDeviceGetCurrPcieLinkWidth", device);
  }
  return {};
}

// The reply of a command to the simulated driver.
struct Reply {
  nvmlReturn_t result;
  std::string text;
};

inline Reply Control(const char* command, const std::string& argument) {
  char text[1024] = "";
  auto* control = Driver::Symbol<unsigned int(const char*, const char*, char*, unsigned int)>(
      "gpuringSimulatorControl");
  const unsigned int result =
      control(command, argument.c_str(), text, static_cast<unsigned int>(sizeof(text)));
  return {static_cast<nvmlReturn_t>(result), text};
}

inline std::string Describe() {
  return Driver::Symbol<const char*()>("gpuringSimulatorDescribe")();
}

}  // namespace gpuring::check
