#include "nvml/reading_call.h"

#include <array>
#include <cmath>
#include <span>

namespace gpuring {
namespace {

template <typename Result>
using Call = nvmlReturn_t (*)(nvmlDevice_t, Result*);
template <typename Result>
using CallWithArgument = nvmlReturn_t (*)(nvmlDevice_t, unsigned int, Result*);

template <typename Result>
nvmlReturn_t Ask(const ReadingCall& call, nvmlDevice_t device, Result* result) {
  if (call.reading.argument == 0) {
    return reinterpret_cast<Call<Result>>(call.address)(device, result);
  }
  return reinterpret_cast<CallWithArgument<Result>>(call.address)(device, call.reading.argument,
                                                                  result);
}

// Output `slot` of the reading takes `value`. Past INT64_MAX lie the drivers' "not available".
void Store(const Reading& reading, size_t slot, unsigned long long value, Sample* sample) {
  const MetricId metric = reading.outputs[slot];
  if (metric == kNoMetric || value > INT64_MAX) return;
  sample->Set(metric, static_cast<int64_t>(value));
}

template <typename Result>
nvmlReturn_t AskScalar(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Result value = 0;
  const nvmlReturn_t result = Ask(call, device, &value);
  if (result == NVML_SUCCESS) Store(call.reading, 0, value, sample);
  return result;
}

nvmlReturn_t AskUtilization(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  nvmlUtilization_t utilization{};
  const nvmlReturn_t result = Ask(call, device, &utilization);
  if (result != NVML_SUCCESS) return result;
  Store(call.reading, 0, utilization.gpu, sample);
  Store(call.reading, 1, utilization.memory, sample);
  return result;
}

// The total first. A part that exceeds it cannot be meant.
void StoreMemory(const Reading& reading, std::span<const unsigned long long> values,
                 Sample* sample) {
  Store(reading, 0, values[0], sample);
  const bool total_known = reading.outputs[0] != kNoMetric && sample->Knows(reading.outputs[0]);
  for (size_t slot = 1; slot < values.size(); ++slot) {
    if (!total_known || values[slot] <= values[0]) Store(reading, slot, values[slot], sample);
  }
}

nvmlReturn_t AskMemory(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  nvmlMemory_v2_t memory{};
  memory.version = VersionWord<nvmlMemory_v2_t>(2);
  const nvmlReturn_t result = Ask(call, device, &memory);
  if (result != NVML_SUCCESS) return result;
  const std::array values = {memory.total, memory.used, memory.free, memory.reserved};
  StoreMemory(call.reading, values, sample);
  return result;
}

nvmlReturn_t AskOldMemory(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  nvmlMemory_t memory{};
  const nvmlReturn_t result = Ask(call, device, &memory);
  if (result != NVML_SUCCESS) return result;
  const std::array values = {memory.total, memory.used, memory.free};
  StoreMemory(call.reading, values, sample);
  return result;
}

nvmlReturn_t AskTemperature(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  nvmlTemperature_v1_t temperature{};
  temperature.version = VersionWord<nvmlTemperature_v1_t>(1);
  temperature.sensorType = NVML_TEMPERATURE_GPU;
  const nvmlReturn_t result = Ask(call, device, &temperature);
  const MetricId metric = call.reading.outputs[0];
  if (result == NVML_SUCCESS && metric != kNoMetric) sample->Set(metric, temperature.temperature);
  return result;
}

nvmlReturn_t AskOldTemperature(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  unsigned int degrees = 0;
  const auto ask = reinterpret_cast<CallWithArgument<unsigned int>>(call.address);
  const nvmlReturn_t result = ask(device, NVML_TEMPERATURE_GPU, &degrees);
  if (result == NVML_SUCCESS) Store(call.reading, 0, degrees, sample);
  return result;
}

std::optional<int64_t> Fitting(unsigned long long value) {
  if (value > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(value);
}

}  // namespace

nvmlReturn_t AskReading(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  const bool newest = call.version == 0;
  switch (call.reading.shape) {
    case ReadingShape::kU32:
      return AskScalar<unsigned int>(call, device, sample);
    case ReadingShape::kU64:
      return AskScalar<unsigned long long>(call, device, sample);
    case ReadingShape::kUtilization:
      return AskUtilization(call, device, sample);
    case ReadingShape::kMemory:
      return newest ? AskMemory(call, device, sample) : AskOldMemory(call, device, sample);
    case ReadingShape::kTemperature:
      return newest ? AskTemperature(call, device, sample)
                    : AskOldTemperature(call, device, sample);
  }
  return NVML_ERROR_FUNCTION_NOT_FOUND;
}

std::optional<int64_t> DecodeField(const nvmlFieldValue_t& field) {
  const nvmlValue_t& value = field.value;
  switch (field.valueType) {
    case NVML_VALUE_TYPE_DOUBLE: {
      constexpr double kPastInt64 = 9223372036854775808.0;
      if (!(std::fabs(value.dVal) < kPastInt64)) return std::nullopt;
      return static_cast<int64_t>(std::llround(value.dVal));
    }
    case NVML_VALUE_TYPE_UNSIGNED_INT:
      return value.uiVal;
    case NVML_VALUE_TYPE_UNSIGNED_LONG:
      return Fitting(value.ulVal);
    case NVML_VALUE_TYPE_UNSIGNED_LONG_LONG:
      return Fitting(value.ullVal);
    case NVML_VALUE_TYPE_SIGNED_LONG_LONG:
      return value.sllVal;
    case NVML_VALUE_TYPE_SIGNED_INT:
      return value.siVal;
    case NVML_VALUE_TYPE_UNSIGNED_SHORT:
      return value.usVal;
  }
  return std::nullopt;
}

}  // namespace gpuring
