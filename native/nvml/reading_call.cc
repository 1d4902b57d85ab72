#include "nvml/reading_call.h"

#include <array>
#include <climits>
#include <cmath>
#include <span>

#include "nvml/roomy.h"

namespace gpuring {
namespace {

// Answers begin as what no driver means, so that one that says success and writes nothing has said
// nothing.
constexpr unsigned int kNothing = NVML_VALUE_NOT_AVAILABLE_U32;
constexpr unsigned long long kNothing64 = NVML_VALUE_NOT_AVAILABLE_U64;

using Answers = std::span<const std::optional<int64_t>>;

template <typename... Results>
nvmlReturn_t Ask(const ReadingCall& call, nvmlDevice_t device, Results*... results) {
  const int32_t argument = call.reading.argument;
  if (argument == kNoArgument) {
    using Plain = nvmlReturn_t (*)(nvmlDevice_t, Results * ...);
    return reinterpret_cast<Plain>(call.address)(device, results...);
  }
  using WithArgument = nvmlReturn_t (*)(nvmlDevice_t, unsigned int, Results*...);
  return reinterpret_cast<WithArgument>(call.address)(device, static_cast<unsigned int>(argument),
                                                      results...);
}

std::optional<int64_t> Meant(unsigned int value) {
  if (value == NVML_VALUE_NOT_AVAILABLE_U32) return std::nullopt;
  return value;
}

std::optional<int64_t> Meant(unsigned long long value) {
  if (value > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(value);
}

// Output slots in order; those that the answer does not reach are not offered by this call.
nvmlReturn_t Store(const Reading& reading, Answers answers, Sample* sample) {
  for (size_t slot = 0; slot < reading.outputs.size(); ++slot) {
    const MetricId metric = reading.outputs[slot];
    if (metric == kNoMetric) continue;
    if (slot >= answers.size()) {
      Explain(metric, ValueState::kUnsupported, sample);
    } else {
      StoreRaw(metric, {answers[slot], reading.scale}, sample);
    }
  }
  return NVML_SUCCESS;
}

template <typename... Values>
nvmlReturn_t StoreAll(const Reading& reading, Sample* sample, Values... values) {
  const std::array<std::optional<int64_t>, sizeof...(values)> answers = {Meant(values)...};
  return Store(reading, answers, sample);
}

// The whole comes first. What is greater cannot be a part of it, nor is there a part of nothing.
template <typename... Parts>
nvmlReturn_t StoreParts(const Reading& reading, Sample* sample, unsigned long long whole,
                        Parts... parts) {
  const auto part = [whole](unsigned long long value) {
    const bool meant = whole != 0 && whole <= INT64_MAX && value <= whole;
    return meant ? Meant(value) : std::nullopt;
  };
  const std::array<std::optional<int64_t>, 1 + sizeof...(parts)> answers = {Meant(whole),
                                                                            part(parts)...};
  return Store(reading, answers, sample);
}

template <typename Result>
nvmlReturn_t AskScalar(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Result value = static_cast<Result>(kNothing64);
  const nvmlReturn_t result = Ask(call, device, &value);
  return result == NVML_SUCCESS ? StoreAll(call.reading, sample, value) : result;
}

nvmlReturn_t AskSampled(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  unsigned int value = kNothing;
  unsigned int period_us = 0;
  const nvmlReturn_t result = Ask(call, device, &value, &period_us);
  return result == NVML_SUCCESS ? StoreAll(call.reading, sample, value) : result;
}

nvmlReturn_t AskUtilization(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Roomy<nvmlUtilization_t> both;
  both.value = {kNothing, kNothing};
  const nvmlReturn_t result = Ask(call, device, &both.value);
  return result == NVML_SUCCESS ? StoreAll(call.reading, sample, both->gpu, both->memory) : result;
}

nvmlReturn_t AskMemory(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Roomy<nvmlMemory_v2_t> memory;
  memory->version = VersionWord<nvmlMemory_v2_t>(2);
  const nvmlReturn_t result = Ask(call, device, &memory.value);
  if (result != NVML_SUCCESS) return result;
  return StoreParts(call.reading, sample, memory->total, memory->used, memory->free,
                    memory->reserved);
}

nvmlReturn_t AskOldMemory(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Roomy<nvmlMemory_t> memory;
  const nvmlReturn_t result = Ask(call, device, &memory.value);
  if (result != NVML_SUCCESS) return result;
  return StoreParts(call.reading, sample, memory->total, memory->used, memory->free);
}

nvmlReturn_t AskBar1(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Roomy<nvmlBAR1Memory_t> bar1;
  const nvmlReturn_t result = Ask(call, device, &bar1.value);
  if (result != NVML_SUCCESS) return result;
  return StoreParts(call.reading, sample, bar1->bar1Total, bar1->bar1Free, bar1->bar1Used);
}

nvmlReturn_t StoreSigned(const Reading& reading, std::optional<int64_t> value, Sample* sample) {
  return Store(reading, std::array{value}, sample);
}

// All bits set are no value in a signed number either. One degree below zero is hidden by it for as
// long as it lasts.
nvmlReturn_t AskTemperature(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Roomy<nvmlTemperature_v1_t> temperature;
  temperature->version = VersionWord<nvmlTemperature_v1_t>(1);
  temperature->sensorType = NVML_TEMPERATURE_GPU;
  temperature->temperature = INT_MIN;
  const nvmlReturn_t result = Ask(call, device, &temperature.value);
  if (result != NVML_SUCCESS) return result;
  const int degrees = temperature->temperature;
  const bool meant = static_cast<unsigned int>(degrees) != NVML_VALUE_NOT_AVAILABLE_U32;
  return StoreSigned(call.reading, meant ? std::optional<int64_t>(degrees) : std::nullopt, sample);
}

nvmlReturn_t AskOldTemperature(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  using Sensor = nvmlReturn_t (*)(nvmlDevice_t, nvmlTemperatureSensors_t, unsigned int*);
  unsigned int degrees = kNothing;
  const auto ask = reinterpret_cast<Sensor>(call.address);
  const nvmlReturn_t result = ask(device, NVML_TEMPERATURE_GPU, &degrees);
  return result == NVML_SUCCESS ? StoreAll(call.reading, sample, degrees) : result;
}

// Here -1 is one degree past the limit.
nvmlReturn_t AskMargin(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Roomy<nvmlMarginTemperature_v1_t> margin;
  margin->version = VersionWord<nvmlMarginTemperature_v1_t>(1);
  margin->marginTemperature = INT_MIN;
  const nvmlReturn_t result = Ask(call, device, &margin.value);
  if (result != NVML_SUCCESS) return result;
  return StoreSigned(call.reading, margin->marginTemperature, sample);
}

nvmlReturn_t AskRemapped(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  std::array<unsigned int, 4> rows;
  rows.fill(kNothing);
  const nvmlReturn_t result = Ask(call, device, &rows[0], &rows[1], &rows[2], &rows[3]);
  if (result != NVML_SUCCESS) return result;
  return StoreAll(call.reading, sample, rows[0], rows[1], rows[2], rows[3]);
}

nvmlReturn_t AskSram(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  Roomy<nvmlEccSramErrorStatus_v1_t> status;
  nvmlEccSramErrorStatus_v1_t& errors = status.value;
  errors.version = VersionWord<nvmlEccSramErrorStatus_v1_t>(1);
  errors.aggregateUncParity = errors.aggregateUncSecDed = errors.aggregateCor = kNothing64;
  errors.volatileUncParity = errors.volatileUncSecDed = errors.volatileCor = kNothing64;
  errors.bThresholdExceeded = kNothing;
  const nvmlReturn_t result = Ask(call, device, &errors);
  if (result != NVML_SUCCESS) return result;
  return StoreAll(call.reading, sample, errors.aggregateUncParity, errors.aggregateUncSecDed,
                  errors.aggregateCor, errors.volatileUncParity, errors.volatileUncSecDed,
                  errors.volatileCor, errors.bThresholdExceeded);
}

}  // namespace

nvmlReturn_t AskReading(const ReadingCall& call, nvmlDevice_t device, Sample* sample) {
  const bool newest = call.version == 0;
  switch (call.reading.shape) {
    case ReadingShape::kU32:
      return AskScalar<unsigned int>(call, device, sample);
    case ReadingShape::kU64:
      return AskScalar<unsigned long long>(call, device, sample);
    case ReadingShape::kSampled:
      return AskSampled(call, device, sample);
    case ReadingShape::kUtilization:
      return AskUtilization(call, device, sample);
    case ReadingShape::kMemory:
      return newest ? AskMemory(call, device, sample) : AskOldMemory(call, device, sample);
    case ReadingShape::kTemperature:
      return newest ? AskTemperature(call, device, sample)
                    : AskOldTemperature(call, device, sample);
    case ReadingShape::kMargin:
      return AskMargin(call, device, sample);
    case ReadingShape::kBar1:
      return AskBar1(call, device, sample);
    case ReadingShape::kRemapped:
      return AskRemapped(call, device, sample);
    case ReadingShape::kSram:
      return AskSram(call, device, sample);
  }
  return NVML_ERROR_FUNCTION_NOT_FOUND;
}

std::optional<int64_t> DecodeValue(nvmlValueType_t type, const nvmlValue_t& value) {
  switch (type) {
    case NVML_VALUE_TYPE_DOUBLE: {
      constexpr double kPastInt64 = 9223372036854775808.0;
      if (!(std::fabs(value.dVal) < kPastInt64)) return std::nullopt;
      return static_cast<int64_t>(std::llround(value.dVal));
    }
    case NVML_VALUE_TYPE_UNSIGNED_INT:
      return Meant(value.uiVal);
    case NVML_VALUE_TYPE_UNSIGNED_LONG:
      return Meant(static_cast<unsigned long long>(value.ulVal));
    case NVML_VALUE_TYPE_UNSIGNED_LONG_LONG:
      return Meant(value.ullVal);
    case NVML_VALUE_TYPE_SIGNED_LONG_LONG:
      return value.sllVal;
    case NVML_VALUE_TYPE_SIGNED_INT:
      return value.siVal;
    case NVML_VALUE_TYPE_UNSIGNED_SHORT:
      if (value.usVal == USHRT_MAX) return std::nullopt;
      return value.usVal;
  }
  return std::nullopt;
}

void StoreRaw(MetricId metric, const RawValue& value, Sample* sample) {
  if (sample->Knows(metric)) return;
  int64_t scaled = 0;
  const bool fits =
      value.answer.has_value() && !__builtin_mul_overflow(*value.answer, value.scale, &scaled);
  if (fits) {
    sample->Set(metric, scaled);
  } else {
    sample->SetUnknown(metric, ValueState::kInvalid);
  }
}

void Explain(MetricId metric, ValueState why, Sample* sample) {
  const ValueState before = sample->StateOf(metric);
  if (before == ValueState::kNotSampled || before == ValueState::kUnsupported) {
    sample->SetUnknown(metric, why);
  }
}

}  // namespace gpuring
