// The structs of everyday NVML calls.
#pragma once

#include <cstddef>

#include "nvml/abi_numbers.h"

namespace gpuring {

// Checks a size once, and every member's place.
#define GPURING_SIZE(type, size) static_assert(sizeof(type) == (size))
#define GPURING_AT(type, member, offset) static_assert(offsetof(type, member) == (offset))

struct nvmlPciInfo_t {
  char busIdLegacy[NVML_DEVICE_PCI_BUS_ID_BUFFER_V2_SIZE];  // the only text of the older calls
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pciDeviceId;  // device << 16 | vendor
  unsigned int pciSubSystemId;
  char busId[NVML_DEVICE_PCI_BUS_ID_BUFFER_SIZE];
};
GPURING_SIZE(nvmlPciInfo_t, 68);
GPURING_AT(nvmlPciInfo_t, domain, 16);
GPURING_AT(nvmlPciInfo_t, bus, 20);
GPURING_AT(nvmlPciInfo_t, device, 24);
GPURING_AT(nvmlPciInfo_t, pciDeviceId, 28);
GPURING_AT(nvmlPciInfo_t, pciSubSystemId, 32);
GPURING_AT(nvmlPciInfo_t, busId, 36);

struct nvmlPciInfoExt_v1_t {
  unsigned int version;
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pciDeviceId;
  unsigned int pciSubSystemId;
  unsigned int baseClass;
  unsigned int subClass;
  char busId[NVML_DEVICE_PCI_BUS_ID_BUFFER_SIZE];
};
GPURING_SIZE(nvmlPciInfoExt_v1_t, 64);
GPURING_AT(nvmlPciInfoExt_v1_t, domain, 4);
GPURING_AT(nvmlPciInfoExt_v1_t, bus, 8);
GPURING_AT(nvmlPciInfoExt_v1_t, device, 12);
GPURING_AT(nvmlPciInfoExt_v1_t, pciDeviceId, 16);
GPURING_AT(nvmlPciInfoExt_v1_t, pciSubSystemId, 20);
GPURING_AT(nvmlPciInfoExt_v1_t, baseClass, 24);
GPURING_AT(nvmlPciInfoExt_v1_t, subClass, 28);
GPURING_AT(nvmlPciInfoExt_v1_t, busId, 32);

struct nvmlUtilization_t {
  unsigned int gpu;
  unsigned int memory;
};
GPURING_SIZE(nvmlUtilization_t, 8);
GPURING_AT(nvmlUtilization_t, memory, 4);

struct nvmlMemory_t {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;  // the reserved part counted in
};
GPURING_SIZE(nvmlMemory_t, 24);
GPURING_AT(nvmlMemory_t, free, 8);
GPURING_AT(nvmlMemory_t, used, 16);

struct nvmlMemory_v2_t {
  unsigned int version;
  unsigned long long total;
  unsigned long long reserved;
  unsigned long long free;
  unsigned long long used;
};
GPURING_SIZE(nvmlMemory_v2_t, 40);
GPURING_AT(nvmlMemory_v2_t, total, 8);
GPURING_AT(nvmlMemory_v2_t, reserved, 16);
GPURING_AT(nvmlMemory_v2_t, free, 24);
GPURING_AT(nvmlMemory_v2_t, used, 32);
static_assert(VersionWord<nvmlMemory_v2_t>(2) == 0x02000028);

struct nvmlBAR1Memory_t {
  unsigned long long bar1Total;
  unsigned long long bar1Free;
  unsigned long long bar1Used;
};
GPURING_SIZE(nvmlBAR1Memory_t, 24);
GPURING_AT(nvmlBAR1Memory_t, bar1Free, 8);
GPURING_AT(nvmlBAR1Memory_t, bar1Used, 16);

struct nvmlProcessInfo_v1_t {
  unsigned int pid;
  unsigned long long usedGpuMemory;
};
GPURING_SIZE(nvmlProcessInfo_v1_t, 16);
GPURING_AT(nvmlProcessInfo_v1_t, usedGpuMemory, 8);

struct nvmlProcessInfo_v2_t {
  unsigned int pid;
  unsigned long long usedGpuMemory;
  unsigned int gpuInstanceId;
  unsigned int computeInstanceId;
};
GPURING_SIZE(nvmlProcessInfo_v2_t, 24);
GPURING_AT(nvmlProcessInfo_v2_t, usedGpuMemory, 8);
GPURING_AT(nvmlProcessInfo_v2_t, gpuInstanceId, 16);
GPURING_AT(nvmlProcessInfo_v2_t, computeInstanceId, 20);

struct nvmlProcessDetail_v1_t {
  unsigned int pid;
  unsigned long long usedGpuMemory;
  unsigned int gpuInstanceId;
  unsigned int computeInstanceId;
  unsigned long long usedGpuCcProtectedMemory;
};
GPURING_SIZE(nvmlProcessDetail_v1_t, 32);
GPURING_AT(nvmlProcessDetail_v1_t, usedGpuMemory, 8);
GPURING_AT(nvmlProcessDetail_v1_t, gpuInstanceId, 16);
GPURING_AT(nvmlProcessDetail_v1_t, computeInstanceId, 20);
GPURING_AT(nvmlProcessDetail_v1_t, usedGpuCcProtectedMemory, 24);

struct nvmlProcessDetailList_v1_t {
  unsigned int version;
  unsigned int mode;  // 0 compute, 1 graphics, 2 MPS, 3 all
  unsigned int numProcArrayEntries;
  nvmlProcessDetail_v1_t* procArray;
};
GPURING_SIZE(nvmlProcessDetailList_v1_t, 24);
GPURING_AT(nvmlProcessDetailList_v1_t, mode, 4);
GPURING_AT(nvmlProcessDetailList_v1_t, numProcArrayEntries, 8);
GPURING_AT(nvmlProcessDetailList_v1_t, procArray, 16);
static_assert(VersionWord<nvmlProcessDetailList_v1_t>(1) == 0x01000018);

struct nvmlProcessUtilizationSample_t {
  unsigned int pid;
  unsigned long long timeStamp;
  unsigned int smUtil;
  unsigned int memUtil;
  unsigned int encUtil;
  unsigned int decUtil;
};
GPURING_SIZE(nvmlProcessUtilizationSample_t, 32);
GPURING_AT(nvmlProcessUtilizationSample_t, timeStamp, 8);
GPURING_AT(nvmlProcessUtilizationSample_t, smUtil, 16);
GPURING_AT(nvmlProcessUtilizationSample_t, memUtil, 20);
GPURING_AT(nvmlProcessUtilizationSample_t, encUtil, 24);
GPURING_AT(nvmlProcessUtilizationSample_t, decUtil, 28);

struct nvmlProcessUtilizationInfo_v1_t {
  unsigned long long timeStamp;
  unsigned int pid;
  unsigned int smUtil;
  unsigned int memUtil;
  unsigned int encUtil;
  unsigned int decUtil;
  unsigned int jpgUtil;
  unsigned int ofaUtil;
};
GPURING_SIZE(nvmlProcessUtilizationInfo_v1_t, 40);
GPURING_AT(nvmlProcessUtilizationInfo_v1_t, pid, 8);
GPURING_AT(nvmlProcessUtilizationInfo_v1_t, smUtil, 12);
GPURING_AT(nvmlProcessUtilizationInfo_v1_t, ofaUtil, 32);

struct nvmlProcessesUtilizationInfo_v1_t {
  unsigned int version;
  unsigned int processSamplesCount;
  unsigned long long lastSeenTimeStamp;
  nvmlProcessUtilizationInfo_v1_t* procUtilArray;
};
GPURING_SIZE(nvmlProcessesUtilizationInfo_v1_t, 24);
GPURING_AT(nvmlProcessesUtilizationInfo_v1_t, processSamplesCount, 4);
GPURING_AT(nvmlProcessesUtilizationInfo_v1_t, lastSeenTimeStamp, 8);
GPURING_AT(nvmlProcessesUtilizationInfo_v1_t, procUtilArray, 16);
static_assert(VersionWord<nvmlProcessesUtilizationInfo_v1_t>(1) == 0x01000018);

union nvmlValue_t {
  double dVal;
  int siVal;
  unsigned int uiVal;
  unsigned long ulVal;
  unsigned long long ullVal;
  signed long long sllVal;
  unsigned short usVal;
};
GPURING_SIZE(nvmlValue_t, 8);

struct nvmlFieldValue_t {
  unsigned int fieldId;
  unsigned int scopeId;
  long long timestamp;  // CPU clock, microseconds
  long long latencyUsec;
  nvmlValueType_t valueType;
  nvmlReturn_t nvmlReturn;  // of this field alone
  nvmlValue_t value;
};
GPURING_SIZE(nvmlFieldValue_t, 40);
GPURING_AT(nvmlFieldValue_t, scopeId, 4);
GPURING_AT(nvmlFieldValue_t, timestamp, 8);
GPURING_AT(nvmlFieldValue_t, latencyUsec, 16);
GPURING_AT(nvmlFieldValue_t, valueType, 24);
GPURING_AT(nvmlFieldValue_t, nvmlReturn, 28);
GPURING_AT(nvmlFieldValue_t, value, 32);

struct nvmlSample_t {
  unsigned long long timeStamp;  // CPU clock, microseconds
  nvmlValue_t sampleValue;
};
GPURING_SIZE(nvmlSample_t, 16);
GPURING_AT(nvmlSample_t, sampleValue, 8);

struct nvmlViolationTime_t {
  unsigned long long referenceTime;
  unsigned long long violationTime;
};
GPURING_SIZE(nvmlViolationTime_t, 16);
GPURING_AT(nvmlViolationTime_t, violationTime, 8);

struct nvmlEventData_t {
  nvmlDevice_t device;
  unsigned long long eventType;
  unsigned long long eventData;
  unsigned int gpuInstanceId;  // from here on not filled by the unversioned wait
  unsigned int computeInstanceId;
};
GPURING_SIZE(nvmlEventData_t, 32);
GPURING_AT(nvmlEventData_t, eventType, 8);
GPURING_AT(nvmlEventData_t, eventData, 16);
GPURING_AT(nvmlEventData_t, gpuInstanceId, 24);
GPURING_AT(nvmlEventData_t, computeInstanceId, 28);

struct nvmlTemperature_v1_t {
  unsigned int version;
  nvmlTemperatureSensors_t sensorType;
  int temperature;
};
GPURING_SIZE(nvmlTemperature_v1_t, 12);
GPURING_AT(nvmlTemperature_v1_t, sensorType, 4);
GPURING_AT(nvmlTemperature_v1_t, temperature, 8);
static_assert(VersionWord<nvmlTemperature_v1_t>(1) == 0x0100000c);

struct nvmlMarginTemperature_v1_t {
  unsigned int version;
  int marginTemperature;
};
GPURING_SIZE(nvmlMarginTemperature_v1_t, 8);
GPURING_AT(nvmlMarginTemperature_v1_t, marginTemperature, 4);
static_assert(VersionWord<nvmlMarginTemperature_v1_t>(1) == 0x01000008);

struct nvmlThermalSensor_t {
  nvmlThermalController_t controller;
  int defaultMinTemp;
  int defaultMaxTemp;
  int currentTemp;
  nvmlThermalTarget_t target;
};
GPURING_SIZE(nvmlThermalSensor_t, 20);

struct nvmlGpuThermalSettings_t {
  unsigned int count;
  nvmlThermalSensor_t sensor[3];
};
GPURING_SIZE(nvmlGpuThermalSettings_t, 64);
GPURING_AT(nvmlGpuThermalSettings_t, sensor, 4);

struct nvmlPstateUtilization_t {
  unsigned int bIsPresent;
  unsigned int percentage;
  unsigned int incThreshold;
  unsigned int decThreshold;
};
GPURING_SIZE(nvmlPstateUtilization_t, 16);

struct nvmlGpuDynamicPstatesInfo_t {
  unsigned int flags;
  nvmlPstateUtilization_t utilization[8];  // 0 GPU, 1 frame buffer, 2 video, 3 bus
};
GPURING_SIZE(nvmlGpuDynamicPstatesInfo_t, 132);
GPURING_AT(nvmlGpuDynamicPstatesInfo_t, utilization, 4);

struct nvmlDeviceAttributes_t {
  unsigned int multiprocessorCount;
  unsigned int sharedCopyEngineCount;
  unsigned int sharedDecoderCount;
  unsigned int sharedEncoderCount;
  unsigned int sharedJpegCount;
  unsigned int sharedOfaCount;
  unsigned int gpuInstanceSliceCount;
  unsigned int computeInstanceSliceCount;
  unsigned long long memorySizeMB;
};
GPURING_SIZE(nvmlDeviceAttributes_t, 40);
GPURING_AT(nvmlDeviceAttributes_t, gpuInstanceSliceCount, 24);
GPURING_AT(nvmlDeviceAttributes_t, computeInstanceSliceCount, 28);
GPURING_AT(nvmlDeviceAttributes_t, memorySizeMB, 32);

struct nvmlUUID_v1_t {
  unsigned int version;
  unsigned int type;  // 1 text, 2 binary
  union {
    char str[41];
    unsigned char bytes[16];
  } value;
};
GPURING_SIZE(nvmlUUID_v1_t, 52);
GPURING_AT(nvmlUUID_v1_t, type, 4);
GPURING_AT(nvmlUUID_v1_t, value, 8);
static_assert(VersionWord<nvmlUUID_v1_t>(1) == 0x01000034);

struct nvmlFanSpeedInfo_v1_t {
  unsigned int version;
  unsigned int fan;
  unsigned int speed;  // RPM
};
GPURING_SIZE(nvmlFanSpeedInfo_v1_t, 12);
GPURING_AT(nvmlFanSpeedInfo_v1_t, fan, 4);
GPURING_AT(nvmlFanSpeedInfo_v1_t, speed, 8);
static_assert(VersionWord<nvmlFanSpeedInfo_v1_t>(1) == 0x0100000c);

#undef GPURING_SIZE
#undef GPURING_AT

}  // namespace gpuring
