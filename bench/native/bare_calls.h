// The driver calls of one fast reading, from a loop that does nothing else: what is asked is asked,
// the numbers are put where there is room. Of boards that answer all of them.
#pragma once

#include <array>
#include <cstdint>

#include "plain_driver.h"

namespace gpuring {

class BareCalls {
 public:
  bool Open(const char* path) {
    return driver_.Open(path) && driver_.Find("nvmlDeviceGetUtilizationRates", &utilization_) &&
           driver_.Find("nvmlDeviceGetMemoryInfo_v2", &memory_) &&
           driver_.Find("nvmlDeviceGetPowerUsage", &power_) &&
           driver_.Find("nvmlDeviceGetEnforcedPowerLimit", &power_limit_) &&
           driver_.Find("nvmlDeviceGetTotalEnergyConsumption", &energy_) &&
           driver_.Find("nvmlDeviceGetTemperatureV", &temperature_) &&
           driver_.Find("nvmlDeviceGetClockInfo", &clock_) &&
           driver_.Find("nvmlDeviceGetPerformanceState", &state_) &&
           driver_.Find("nvmlDeviceGetCurrentClocksEventReasons", &reasons_) &&
           driver_.Find("nvmlDeviceGetFanSpeed", &fan_) &&
           driver_.Find("nvmlDeviceGetCurrPcieLinkGeneration", &generation_) &&
           driver_.Find("nvmlDeviceGetCurrPcieLinkWidth", &width_) &&
           driver_.Find("nvmlDeviceGetFieldValues", &fields_);
  }
  void Close() { driver_.Close(); }

  [[nodiscard]] size_t devices() const { return driver_.devices().size(); }

  // All of the devices. False: one call failed.
  bool ReadAll() {
    bool good = true;
    for (const nvmlDevice_t device : driver_.devices()) good &= Read(device);
    return good;
  }

  // What was read last, of the last device: a few of the numbers, to be compared.
  [[nodiscard]] std::array<int64_t, 4> told() const {
    return {rates_.gpu, static_cast<int64_t>(bytes_.used), numbers_[0], degrees_.temperature};
  }

 private:
  using Number = nvmlReturn_t (*)(nvmlDevice_t, unsigned int*);
  using LongNumber = nvmlReturn_t (*)(nvmlDevice_t, unsigned long long*);

  bool Read(nvmlDevice_t device) {
    bytes_.version = VersionWord<nvmlMemory_v2_t>(2);
    degrees_.version = VersionWord<nvmlTemperature_v1_t>(1);
    degrees_.sensorType = NVML_TEMPERATURE_GPU;
    for (size_t at = 0; at < kFields.size(); ++at) {
      asked_[at] = {};
      asked_[at].fieldId = kFields[at];
    }
    int failed = utilization_(device, &rates_);
    failed |= memory_(device, &bytes_);
    failed |= power_(device, &numbers_[0]);
    failed |= power_limit_(device, &numbers_[1]);
    failed |= energy_(device, &longs_[0]);
    failed |= temperature_(device, &degrees_);
    failed |= clock_(device, NVML_CLOCK_SM, &numbers_[2]);
    failed |= clock_(device, NVML_CLOCK_MEM, &numbers_[3]);
    failed |= state_(device, &numbers_[4]);
    failed |= reasons_(device, &longs_[1]);
    failed |= fan_(device, &numbers_[5]);
    failed |= generation_(device, &numbers_[6]);
    failed |= width_(device, &numbers_[7]);
    failed |= fields_(device, kFields.size(), asked_.data());
    return failed == NVML_SUCCESS;
  }

  static constexpr std::array<unsigned int, 3> kFields = {186, 185, NVML_FI_DEV_MEMORY_TEMP};

  PlainDriver driver_;
  nvmlUtilization_t rates_{};
  nvmlMemory_v2_t bytes_{};
  nvmlTemperature_v1_t degrees_{};
  std::array<unsigned int, 8> numbers_{};
  std::array<unsigned long long, 2> longs_{};
  std::array<nvmlFieldValue_t, kFields.size()> asked_{};

  nvmlReturn_t (*utilization_)(nvmlDevice_t, nvmlUtilization_t*) = nullptr;
  nvmlReturn_t (*memory_)(nvmlDevice_t, nvmlMemory_v2_t*) = nullptr;
  Number power_ = nullptr;
  Number power_limit_ = nullptr;
  LongNumber energy_ = nullptr;
  nvmlReturn_t (*temperature_)(nvmlDevice_t, nvmlTemperature_v1_t*) = nullptr;
  nvmlReturn_t (*clock_)(nvmlDevice_t, unsigned int, unsigned int*) = nullptr;
  Number state_ = nullptr;
  LongNumber reasons_ = nullptr;
  Number fan_ = nullptr;
  Number generation_ = nullptr;
  Number width_ = nullptr;
  nvmlReturn_t (*fields_)(nvmlDevice_t, int, nvmlFieldValue_t*) = nullptr;
};

}  // namespace gpuring
