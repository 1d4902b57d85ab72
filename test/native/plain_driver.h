// A driver as a program calls it that has nothing but its header: opened by path, asked call by
// call. What benchmarks compare the package with.
#pragma once

#include <dlfcn.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "nvml/abi.h"

namespace gpuring {

// Columns of nvidia-smi --query-gpu, in the order in which a reading has them, and in its units:
// %, MiB, °C, W, MHz.
inline constexpr std::array kPlainColumns = {
    "fan.speed",       "memory.total",       "memory.used",     "memory.free",
    "utilization.gpu", "utilization.memory", "temperature.gpu", "temperature.memory",
    "power.draw",      "power.limit",        "clocks.gr",       "clocks.mem"};

// NaN: the driver does not say.
using PlainReading = std::array<double, kPlainColumns.size()>;

class PlainDriver {
 public:
  // Of all devices the handles. False: no driver is there, or it lacks something.
  bool Open(const char* path) {
    library_ = dlopen(path, RTLD_NOW);
    if (library_ == nullptr || !FindAll() || init_() != NVML_SUCCESS) return false;
    unsigned int count = 0;
    if (count_(&count) != NVML_SUCCESS) return false;
    devices_.resize(count);
    for (unsigned int index = 0; index < count; ++index) {
      if (handle_(index, &devices_[index]) != NVML_SUCCESS) return false;
    }
    return true;
  }

  void Close() { shutdown_(); }

  const std::vector<nvmlDevice_t>& devices() const { return devices_; }

  // False: the driver has no such function.
  template <class Function>
  bool Find(const char* name, Function* function) const {
    *function = reinterpret_cast<Function>(dlsym(library_, name));
    return *function != nullptr;
  }

  // One number of those of a reading; what tells several is asked for each of them anew.
  double ReadOne(nvmlDevice_t device, size_t column) const {
    switch (column) {
      case 0:
        return Number(fan_, device);
      case 1:
      case 2:
      case 3:
        return ReadMemory(device)[column - 1];
      case 4:
      case 5:
        return ReadUtilization(device)[column - 4];
      case 6:
        return Number(temperature_, device, NVML_TEMPERATURE_GPU);
      case 7:
        return ReadMemoryTemperature(device);
      case 8:
        return Number(power_, device) / kMilliwatts;
      case 9:
        return Number(power_limit_, device) / kMilliwatts;
      case 10:
        return Number(clock_, device, NVML_CLOCK_GRAPHICS);
      default:
        return Number(clock_, device, NVML_CLOCK_MEM);
    }
  }

  // All of them in nine calls.
  PlainReading Read(nvmlDevice_t device) const {
    const auto [total, used, free] = ReadMemory(device);
    const auto [gpu, memory] = ReadUtilization(device);
    return {Number(fan_, device),
            total,
            used,
            free,
            gpu,
            memory,
            Number(temperature_, device, NVML_TEMPERATURE_GPU),
            ReadMemoryTemperature(device),
            Number(power_, device) / kMilliwatts,
            Number(power_limit_, device) / kMilliwatts,
            Number(clock_, device, NVML_CLOCK_GRAPHICS),
            Number(clock_, device, NVML_CLOCK_MEM)};
  }

 private:
  static constexpr double kMilliwatts = 1000;
  static constexpr double kMib = 1 << 20;

  using Plain = nvmlReturn_t (*)(nvmlDevice_t, unsigned int*);
  using WithKind = nvmlReturn_t (*)(nvmlDevice_t, unsigned int, unsigned int*);

  template <class Function, class... Kind>
  static double Number(Function function, nvmlDevice_t device, Kind... kind) {
    unsigned int value = 0;
    return function(device, kind..., &value) == NVML_SUCCESS ? value : NAN;
  }

  std::array<double, 3> ReadMemory(nvmlDevice_t device) const {
    nvmlMemory_v2_t memory{};
    memory.version = VersionWord<nvmlMemory_v2_t>(2);
    if (memory_(device, &memory) != NVML_SUCCESS) return {NAN, NAN, NAN};
    return {static_cast<double>(memory.total) / kMib, static_cast<double>(memory.used) / kMib,
            static_cast<double>(memory.free) / kMib};
  }

  std::array<double, 2> ReadUtilization(nvmlDevice_t device) const {
    nvmlUtilization_t rates{};
    if (utilization_(device, &rates) != NVML_SUCCESS) return {NAN, NAN};
    return {static_cast<double>(rates.gpu), static_cast<double>(rates.memory)};
  }

  double ReadMemoryTemperature(nvmlDevice_t device) const {
    nvmlFieldValue_t field{};
    field.fieldId = NVML_FI_DEV_MEMORY_TEMP;
    const nvmlReturn_t result = fields_(device, 1, &field);
    if (result != NVML_SUCCESS || field.nvmlReturn != NVML_SUCCESS) return NAN;
    return field.value.uiVal;
  }

  bool FindAll() {
    return Find("nvmlInit_v2", &init_) && Find("nvmlShutdown", &shutdown_) &&
           Find("nvmlDeviceGetCount_v2", &count_) &&
           Find("nvmlDeviceGetHandleByIndex_v2", &handle_) &&
           Find("nvmlDeviceGetFanSpeed", &fan_) && Find("nvmlDeviceGetPowerUsage", &power_) &&
           Find("nvmlDeviceGetEnforcedPowerLimit", &power_limit_) &&
           Find("nvmlDeviceGetTemperature", &temperature_) &&
           Find("nvmlDeviceGetClockInfo", &clock_) &&
           Find("nvmlDeviceGetMemoryInfo_v2", &memory_) &&
           Find("nvmlDeviceGetUtilizationRates", &utilization_) &&
           Find("nvmlDeviceGetFieldValues", &fields_);
  }

  void* library_ = nullptr;
  std::vector<nvmlDevice_t> devices_;
  nvmlReturn_t (*init_)() = nullptr;
  nvmlReturn_t (*shutdown_)() = nullptr;
  nvmlReturn_t (*count_)(unsigned int*) = nullptr;
  nvmlReturn_t (*handle_)(unsigned int, nvmlDevice_t*) = nullptr;
  Plain fan_ = nullptr;
  Plain power_ = nullptr;
  Plain power_limit_ = nullptr;
  WithKind temperature_ = nullptr;
  WithKind clock_ = nullptr;
  nvmlReturn_t (*memory_)(nvmlDevice_t, nvmlMemory_v2_t*) = nullptr;
  nvmlReturn_t (*utilization_)(nvmlDevice_t, nvmlUtilization_t*) = nullptr;
  nvmlReturn_t (*fields_)(nvmlDevice_t, int, nvmlFieldValue_t*) = nullptr;
};

}  // namespace gpuring
