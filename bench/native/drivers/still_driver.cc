// A driver whose calls cost next to nothing: eight boards whose numbers stand still. What a round
// takes over it is the sampler's own. It answers all that a fast reading asks, counts and names its
// devices, has events that never come and buffers that hold nothing newer; it lacks the rest.
#include <time.h>

#include <cstdio>
#include <cstring>

#include "nvml/abi.h"
#include "nvml/abi_extended.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace gpuring {
namespace {

constexpr unsigned int kDevices = 8;
constexpr unsigned int kUuidBytes = 41;  // of the board's number in it and the terminator
constexpr unsigned long long kMib = 1 << 20;
char devices[kDevices];  // their addresses are the handles
char events;             // likewise

unsigned int IndexOf(nvmlDevice_t device) {
  return static_cast<unsigned int>(reinterpret_cast<const char*>(device) - devices);
}

template <class Number>
nvmlReturn_t Tell(Number value, Number* out) {
  *out = value;
  return NVML_SUCCESS;
}

nvmlReturn_t Copy(const char* text, char* out, unsigned int size) {
  if (std::strlen(text) >= size) return NVML_ERROR_INSUFFICIENT_SIZE;
  std::strcpy(out, text);
  return NVML_SUCCESS;
}

}  // namespace

// What it tells is no device's.
EXPORT const char* gpuringSimulatorDescribe() {
  return R"({"simulated":true,"scenario":"still","seed":0,"devices":[]})";
}
EXPORT unsigned int gpuringSimulatorControl(const char*, const char*, char* reply,
                                            unsigned int size) {
  std::snprintf(reply, size, "this driver stands still");
  return NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlInit_v2() { return NVML_SUCCESS; }
EXPORT nvmlReturn_t nvmlShutdown() { return NVML_SUCCESS; }
EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char* text, unsigned int size) {
  return Copy("570.0.0", text, size);
}
EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int* count) { return Tell(kDevices, count); }
EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t* device) {
  if (index >= kDevices) return NVML_ERROR_INVALID_ARGUMENT;
  *device = reinterpret_cast<nvmlDevice_t>(&devices[index]);
  return NVML_SUCCESS;
}
EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char* text, unsigned int size) {
  if (size < kUuidBytes) return NVML_ERROR_INSUFFICIENT_SIZE;
  std::memcpy(text, "GPU-00000000-0000-0000-0000-000000000000", kUuidBytes);
  text[kUuidBytes - 2] = static_cast<char>('0' + IndexOf(device));
  return NVML_SUCCESS;
}
EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t, char* text, unsigned int size) {
  return Copy("still", text, size);
}
EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t, unsigned int*, unsigned int*) {
  return NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t* rates) {
  return Tell({50 + IndexOf(device), 20}, rates);
}
EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t, nvmlMemory_v2_t* memory) {
  return Tell({memory->version, 24'000 * kMib, 500 * kMib, 20'000 * kMib, 3'500 * kMib}, memory);
}
EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t, unsigned int* mw) {
  return Tell(300'000u, mw);
}
EXPORT nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t, unsigned int* mw) {
  return Tell(440'000u, mw);
}
EXPORT nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t, unsigned long long* mj) {
  return Tell(1'000'000ull, mj);
}
EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t, nvmlTemperature_v1_t* degrees) {
  return Tell(60, &degrees->temperature);
}
EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t, unsigned int, unsigned int* degrees) {
  return Tell(60u, degrees);
}
EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t, unsigned int type, unsigned int* mhz) {
  return Tell(2000 + type, mhz);
}
EXPORT nvmlReturn_t nvmlDeviceGetPerformanceState(nvmlDevice_t, unsigned int* state) {
  return Tell(2u, state);
}
EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t, unsigned long long* bits) {
  return Tell(4ull, bits);
}
EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t, unsigned int* percent) {
  return Tell(40u, percent);
}
EXPORT nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t, unsigned int* generation) {
  return Tell(4u, generation);
}
EXPORT nvmlReturn_t nvmlDeviceGetCurrPcieLinkWidth(nvmlDevice_t, unsigned int* lanes) {
  return Tell(16u, lanes);
}
EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t, int count, nvmlFieldValue_t* fields) {
  for (nvmlFieldValue_t* field = fields; field != fields + count; ++field) {
    field->valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
    field->value.uiVal = 70;
    field->nvmlReturn = NVML_SUCCESS;
  }
  return NVML_SUCCESS;
}
EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t, unsigned int, unsigned long long,
                                         unsigned int*, unsigned int*, nvmlSample_t*) {
  return NVML_ERROR_NOT_FOUND;  // nothing newer
}

EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t* set) {
  *set = reinterpret_cast<nvmlEventSet_t>(&events);
  return NVML_SUCCESS;
}
EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t) { return NVML_SUCCESS; }
EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t, unsigned long long* types) {
  return Tell<unsigned long long>(nvmlEventTypeXidCriticalError, types);
}
EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t, unsigned long long, nvmlEventSet_t) {
  return NVML_SUCCESS;
}
EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t, nvmlEventData_t*, unsigned int ms) {
  timespec left = {ms / 1000, static_cast<long>(ms % 1000) * 1'000'000};
  while (nanosleep(&left, &left) != 0) {
  }
  return NVML_ERROR_TIMEOUT;
}

}  // namespace gpuring
