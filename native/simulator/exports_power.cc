// Power, energy, temperature and cooling.
#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

// A fan's speed at 100 %.
constexpr unsigned int kFullSpeedRpm = 3000;
constexpr int32_t kQuietestCelsius = 65;
constexpr unsigned int kMinFanPercent = 30;
constexpr unsigned int kMaxFanPercent = 100;
// Sensor index that asks for all sensors at once.
constexpr unsigned int kAllSensors = 15;

// NOT_SUPPORTED on a passively cooled board, INVALID_ARGUMENT for a fan it does not have.
nvmlReturn_t CheckFan(const DeviceCall& call, unsigned int fan) {
  if (!call.ok()) return call.result();
  if (call.board().fan_count == 0) return NVML_ERROR_NOT_SUPPORTED;
  return fan < call.board().fan_count ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

// One fan may have been set apart from the others. False: it was not, or `*result` says why not.
bool TellSetFan(const DeviceCall& call, unsigned int fan, unsigned int* percent,
                nvmlReturn_t* result) {
  *result = CheckFan(call, fan);
  if (*result != NVML_SUCCESS) return false;
  NoteQuantity(KeyOf(ValueGroup::kFan, fan));
  bool is_set = false;
  *result = World::Get().Ask(call.device(), [&](Device& there) {
    const Override* set = there.overrides().At(KeyOf(ValueGroup::kFan, fan), there.time_ns());
    is_set = set != nullptr;
    if (is_set) *percent = static_cast<unsigned int>(*set->value);
    return NVML_SUCCESS;
  });
  return is_set;
}

// Fan by fan the column is told once more.
nvmlReturn_t ReadFan(const DeviceCall& call, unsigned int fan, unsigned int* percent) {
  nvmlReturn_t result = NVML_SUCCESS;
  if (TellSetFan(call, fan, percent, &result) || result != NVML_SUCCESS) return result;
  return call.Derive(Column::kFanSpeed, percent);
}

nvmlReturn_t TellPower(const DeviceCall& call, uint32_t BoardPower::*limit, unsigned int* mw) {
  if (call.ok()) *mw = call.board().power.*limit;
  return call.result();
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int* mw) {
  return DeviceCall(__func__, device, mw).Read(Column::kPowerDraw, mw);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned int* mw) {
  return DeviceCall(__func__, device, mw).Read(Column::kPowerLimit, mw);
}

// What was asked for. Nothing else limits the simulated boards, so that it is what is enforced.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device,
                                                              unsigned int* mw) {
  return DeviceCall(__func__, device, mw).Read(Column::kPowerLimit, mw);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementDefaultLimit(nvmlDevice_t device,
                                                                     unsigned int* mw) {
  return TellPower(DeviceCall(__func__, device, mw), &BoardPower::limit_default, mw);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device,
                                                                         unsigned int* min_mw,
                                                                         unsigned int* max_mw) {
  const DeviceCall call(__func__, device, min_mw, max_mw);
  TellPower(call, &BoardPower::limit_min, min_mw);
  return TellPower(call, &BoardPower::limit_max, max_mw);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementMode(nvmlDevice_t device,
                                                             nvmlEnableState_t* mode) {
  return DeviceCall(__func__, device, mode).TellConstant(NVML_FEATURE_ENABLED, mode);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPowerSource(nvmlDevice_t device,
                                                     nvmlPowerSource_t* source) {
  return DeviceCall(__func__, device, source).TellConstant(NVML_POWER_SOURCE_AC, source);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
                                                                unsigned long long* mj) {
  return DeviceCall(__func__, device, mj).Read(Column::kTotalEnergy, mj);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device,
                                                     nvmlTemperatureSensors_t sensor,
                                                     unsigned int* celsius) {
  const DeviceCall call(__func__, device, celsius);
  if (call.ok() && sensor != NVML_TEMPERATURE_GPU) return NVML_ERROR_INVALID_ARGUMENT;
  return call.Read(Column::kTemperatureGpu, celsius);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device,
                                                      nvmlTemperature_v1_t* temperature) {
  const DeviceCall call(__func__, device, temperature);
  if (!call.ok()) return call.result();
  if (temperature->version != VersionWord<nvmlTemperature_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  if (temperature->sensorType != NVML_TEMPERATURE_GPU) return NVML_ERROR_INVALID_ARGUMENT;
  return call.Read(Column::kTemperatureGpu, &temperature->temperature);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device,
                                                              nvmlTemperatureThresholds_t type,
                                                              unsigned int* celsius) {
  const DeviceCall call(__func__, device, celsius);
  if (!call.ok()) return call.result();
  if (type > NVML_TEMPERATURE_THRESHOLD_GPS_CURR) return NVML_ERROR_INVALID_ARGUMENT;
  const BoardTemperatures& board = call.board().temperatures;
  // Fans are turned up to keep the board at what is good for the ears; 0: no such threshold.
  const bool has_fans = call.board().fan_count > 0;
  const int32_t by_type[] = {board.shutdown,
                             board.slowdown,
                             board.memory_max,
                             board.max_operating,
                             has_fans ? kQuietestCelsius : 0,
                             has_fans ? board.max_operating : 0,
                             has_fans ? board.slowdown - 1 : 0,
                             0};
  if (by_type[type] == 0) return NVML_ERROR_NOT_SUPPORTED;
  *celsius = static_cast<unsigned int>(by_type[type]);
  return NVML_SUCCESS;
}

// Degrees left until the highest operating temperature.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device,
                                                           nvmlMarginTemperature_v1_t* margin) {
  const DeviceCall call(__func__, device, margin);
  if (!call.ok()) return call.result();
  if (margin->version != VersionWord<nvmlMarginTemperature_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  int now = 0;
  const nvmlReturn_t result = call.Derive(Column::kTemperatureGpu, &now);
  if (result == NVML_SUCCESS) {
    margin->marginTemperature = call.board().temperatures.max_operating - now;
  }
  return result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetThermalSettings(nvmlDevice_t device, unsigned int sensor,
                                                         nvmlGpuThermalSettings_t* settings) {
  const DeviceCall call(__func__, device, settings);
  if (!call.ok()) return call.result();
  if (sensor != 0 && sensor != kAllSensors) return NVML_ERROR_INVALID_ARGUMENT;
  int now = 0;
  const nvmlReturn_t result = call.Derive(Column::kTemperatureGpu, &now);
  if (result != NVML_SUCCESS) return result;
  *settings = {};
  settings->count = 1;
  settings->sensor[0] = {.controller = NVML_THERMAL_CONTROLLER_GPU_INTERNAL,
                         .defaultMinTemp = 0,
                         .defaultMaxTemp = call.board().temperatures.shutdown,
                         .currentTemp = now,
                         .target = NVML_THERMAL_TARGET_GPU};
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNumFans(nvmlDevice_t device, unsigned int* count) {
  const DeviceCall call(__func__, device, count);
  const nvmlReturn_t checked = CheckFan(call, 0);
  if (checked == NVML_SUCCESS) *count = call.board().fan_count;
  return checked;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned int* percent) {
  const DeviceCall call(__func__, device, percent);
  nvmlReturn_t result = NVML_SUCCESS;
  if (TellSetFan(call, 0, percent, &result) || result != NVML_SUCCESS) return result;
  return call.Read(Column::kFanSpeed, percent);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned int fan,
                                                     unsigned int* percent) {
  return ReadFan(DeviceCall(__func__, device, percent), fan, percent);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTargetFanSpeed(nvmlDevice_t device, unsigned int fan,
                                                        unsigned int* percent) {
  return ReadFan(DeviceCall(__func__, device, percent), fan, percent);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetFanSpeedRPM(nvmlDevice_t device,
                                                     nvmlFanSpeedInfo_v1_t* info) {
  const DeviceCall call(__func__, device, info);
  if (!call.ok()) return call.result();
  if (info->version != VersionWord<nvmlFanSpeedInfo_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  unsigned int percent = 0;
  const nvmlReturn_t result = ReadFan(call, info->fan, &percent);
  if (result == NVML_SUCCESS) info->speed = percent * kFullSpeedRpm / 100;
  return result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMinMaxFanSpeed(nvmlDevice_t device, unsigned int* min,
                                                        unsigned int* max) {
  const DeviceCall call(__func__, device, min, max);
  const nvmlReturn_t checked = CheckFan(call, 0);
  if (checked != NVML_SUCCESS) return checked;
  *min = kMinFanPercent;
  *max = kMaxFanPercent;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
