// nvmlDeviceGetFieldValues: many quantities by number, each with its own return code and type.
#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/clock.h"
#include "simulator/field_table.h"

namespace gpuring::simulator {
namespace {

void Store(const FieldReading& reading, nvmlFieldValue_t* value) {
  const int64_t number = reading.answer.value;
  value->valueType = reading.type;
  value->value.ullVal = 0;
  if (reading.type == NVML_VALUE_TYPE_UNSIGNED_LONG_LONG) {
    value->value.ullVal = static_cast<unsigned long long>(number);
  } else if (reading.type == NVML_VALUE_TYPE_SIGNED_INT) {
    value->value.siVal = static_cast<int>(number);
  } else {
    value->value.uiVal = static_cast<unsigned int>(number);
  }
}

// A word that its type cannot hold, as a temperature below zero, is not told; all ones are NVML's
// own way to say that it does not know.
bool Fits(const FieldReading& reading) {
  const int64_t number = reading.answer.value;
  if (reading.type != NVML_VALUE_TYPE_UNSIGNED_INT || number == -1) return true;
  return number >= 0 && number <= int64_t{UINT32_MAX};
}

void Fill(const DeviceCall& call, nvmlFieldValue_t* value) {
  const int64_t began = MonotonicNs();
  FieldReading reading;
  int64_t driver_us = 0;
  const nvmlReturn_t asked = World::Get().Ask(call.device(), [&](Device& device) {
    reading = ReadField(&device, {value->fieldId, value->scopeId});
    driver_us = device.DriverTimeUs(device.time_ns());
    return NVML_SUCCESS;
  });
  if (asked != NVML_SUCCESS) reading.answer.result = asked;
  if (reading.answer.result == NVML_SUCCESS && !Fits(reading)) {
    reading.answer.result = NVML_ERROR_UNKNOWN;
  }
  if (reading.answer.result == NVML_SUCCESS) Store(reading, value);
  value->nvmlReturn = reading.answer.result;
  value->timestamp = driver_us;
  value->latencyUsec = (MonotonicNs() - began) / 1000;
}

}  // namespace

// The call succeeds as long as each field could be asked; whether it is known, the field says.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count,
                                                     nvmlFieldValue_t* values) {
  const DeviceCall call(__func__, device, values);
  if (!call.ok()) return call.result();
  if (count <= 0) return NVML_ERROR_INVALID_ARGUMENT;
  for (int i = 0; i < count; ++i) Fill(call, &values[i]);
  call.Wrote(values, static_cast<size_t>(count));
  return NVML_SUCCESS;
}

// The fields can be asked for clearing, as counters could, but nothing here is cleared by clients.
GPURING_EXPORT nvmlReturn_t nvmlDeviceClearFieldValues(nvmlDevice_t device, int count,
                                                       nvmlFieldValue_t* values) {
  const DeviceCall call(__func__, device, values);
  if (!call.ok()) return call.result();
  if (count <= 0) return NVML_ERROR_INVALID_ARGUMENT;
  return NVML_ERROR_NOT_SUPPORTED;
}

}  // namespace gpuring::simulator
