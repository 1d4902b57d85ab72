#include "nvml/fans.h"

#include "core/sample.h"
#include "nvml/return_code.h"
#include "nvml/roomy.h"

namespace gpuring {
namespace {

constexpr int64_t kMostPercent = kMetrics[static_cast<size_t>(MetricId::kFanSpeedPercent)].maximum;
constexpr int64_t kMostRpm = 100'000;

struct Fan {
  nvmlDevice_t device;
  unsigned int number;
};

int64_t Believed(nvmlReturn_t result, unsigned int value, int64_t most) {
  return result == NVML_SUCCESS && value <= most ? value : kUnknownNumber;
}

using PercentCall = nvmlReturn_t (*)(nvmlDevice_t, unsigned int, unsigned int*);
nvmlReturn_t ReadPercent(PercentCall call, const Fan& fan, int64_t* percent) {
  if (call == nullptr) return NVML_SUCCESS;
  unsigned int value = NVML_VALUE_NOT_AVAILABLE_U32;
  const nvmlReturn_t result = call(fan.device, fan.number, &value);
  *percent = Believed(result, value, kMostPercent);
  return DeathIn(result);
}

nvmlReturn_t ReadRpm(const NvmlFunctions& nvml, const Fan& fan, int64_t* rpm) {
  if (nvml.fan_rpm == nullptr) return NVML_SUCCESS;
  Roomy<nvmlFanSpeedInfo_v1_t> info;
  info->version = VersionWord<nvmlFanSpeedInfo_v1_t>(1);
  info->fan = fan.number;
  info->speed = NVML_VALUE_NOT_AVAILABLE_U32;
  const nvmlReturn_t result = nvml.fan_rpm(fan.device, &info.value);
  *rpm = Believed(result, info->speed, kMostRpm);
  return DeathIn(result);
}

nvmlReturn_t ReadFan(const NvmlFunctions& nvml, const Fan& fan, FanDetail* detail) {
  nvmlReturn_t dead = ReadPercent(nvml.fan_speed, fan, &detail->speed_percent);
  if (dead == NVML_SUCCESS) dead = ReadRpm(nvml, fan, &detail->speed_rpm);
  if (dead == NVML_SUCCESS) dead = ReadPercent(nvml.fan_target, fan, &detail->target_percent);
  return dead;
}

}  // namespace

nvmlReturn_t ReadFans(const NvmlLibrary& library, nvmlDevice_t device, DeviceDetail* detail) {
  const NvmlFunctions& nvml = library.functions();
  if (nvml.fan_count == nullptr) return NVML_SUCCESS;
  unsigned int count = NVML_VALUE_NOT_AVAILABLE_U32;
  const nvmlReturn_t result = nvml.fan_count(device, &count);
  if (result != NVML_SUCCESS || count > kMostFans) return DeathIn(result);
  detail->fan_count = count;
  for (unsigned int fan = 0; fan < count; ++fan) {
    const nvmlReturn_t dead = ReadFan(nvml, {device, fan}, &detail->fans[fan]);
    if (dead != NVML_SUCCESS) return dead;
  }
  return NVML_SUCCESS;
}

}  // namespace gpuring
