// Structs of NVML calls that are asked rarely or once: GPM, system events, accounting, health.
#pragma once

#include <cstddef>

#include "nvml/abi_numbers.h"
#include "nvml/abi_structs.h"

namespace gpuring {

#define GPURING_SIZE(type, size) static_assert(sizeof(type) == (size))
#define GPURING_AT(type, member, offset) static_assert(offsetof(type, member) == (offset))

// The bound of the array grew while the version stayed 1: nobody may touch an entry past
// `numMetrics`.
inline constexpr unsigned int NVML_GPM_METRIC_MAX = 333;
inline constexpr unsigned int NVML_GPM_METRICS_GET_VERSION = 1;
inline constexpr unsigned int NVML_GPM_SUPPORT_VERSION = 1;

struct nvmlGpmMetricInfo_t {
  char* shortName;
  char* longName;
  char* unit;
};
struct nvmlGpmMetric_t {
  unsigned int metricId;
  nvmlReturn_t nvmlReturn;  // of this metric alone
  double value;
  nvmlGpmMetricInfo_t metricInfo;
};
GPURING_SIZE(nvmlGpmMetric_t, 40);
GPURING_AT(nvmlGpmMetric_t, nvmlReturn, 4);
GPURING_AT(nvmlGpmMetric_t, value, 8);
GPURING_AT(nvmlGpmMetric_t, metricInfo, 16);

struct nvmlGpmMetricsGet_t {
  unsigned int version;
  unsigned int numMetrics;
  nvmlGpmSample_t sample1;
  nvmlGpmSample_t sample2;
  nvmlGpmMetric_t metrics[NVML_GPM_METRIC_MAX];
};
GPURING_SIZE(nvmlGpmMetricsGet_t, 13344);
GPURING_AT(nvmlGpmMetricsGet_t, numMetrics, 4);
GPURING_AT(nvmlGpmMetricsGet_t, sample1, 8);
GPURING_AT(nvmlGpmMetricsGet_t, sample2, 16);
GPURING_AT(nvmlGpmMetricsGet_t, metrics, 24);

struct nvmlGpmSupport_t {
  unsigned int version;
  unsigned int isSupportedDevice;
};
GPURING_SIZE(nvmlGpmSupport_t, 8);
GPURING_AT(nvmlGpmSupport_t, isSupportedDevice, 4);

struct nvmlSystemEventSetCreateRequest_v1_t {
  unsigned int version;
  nvmlSystemEventSet_t set;
};
GPURING_SIZE(nvmlSystemEventSetCreateRequest_v1_t, 16);
GPURING_AT(nvmlSystemEventSetCreateRequest_v1_t, set, 8);
static_assert(VersionWord<nvmlSystemEventSetCreateRequest_v1_t>(1) == 0x01000010);

struct nvmlSystemEventSetFreeRequest_v1_t {
  unsigned int version;
  nvmlSystemEventSet_t set;
};
GPURING_SIZE(nvmlSystemEventSetFreeRequest_v1_t, 16);
GPURING_AT(nvmlSystemEventSetFreeRequest_v1_t, set, 8);

struct nvmlSystemRegisterEventRequest_v1_t {
  unsigned int version;
  unsigned long long eventTypes;
  nvmlSystemEventSet_t set;
};
GPURING_SIZE(nvmlSystemRegisterEventRequest_v1_t, 24);
GPURING_AT(nvmlSystemRegisterEventRequest_v1_t, eventTypes, 8);
GPURING_AT(nvmlSystemRegisterEventRequest_v1_t, set, 16);
static_assert(VersionWord<nvmlSystemRegisterEventRequest_v1_t>(1) == 0x01000018);

struct nvmlSystemEventData_v1_t {
  unsigned long long eventType;
  unsigned int gpuId;
};
GPURING_SIZE(nvmlSystemEventData_v1_t, 16);
GPURING_AT(nvmlSystemEventData_v1_t, gpuId, 8);

struct nvmlSystemEventSetWaitRequest_v1_t {
  unsigned int version;
  unsigned int timeoutms;
  nvmlSystemEventSet_t set;
  nvmlSystemEventData_v1_t* data;
  unsigned int dataSize;
  unsigned int numEvent;
};
GPURING_SIZE(nvmlSystemEventSetWaitRequest_v1_t, 32);
GPURING_AT(nvmlSystemEventSetWaitRequest_v1_t, timeoutms, 4);
GPURING_AT(nvmlSystemEventSetWaitRequest_v1_t, set, 8);
GPURING_AT(nvmlSystemEventSetWaitRequest_v1_t, data, 16);
GPURING_AT(nvmlSystemEventSetWaitRequest_v1_t, dataSize, 24);
GPURING_AT(nvmlSystemEventSetWaitRequest_v1_t, numEvent, 28);
static_assert(VersionWord<nvmlSystemEventSetWaitRequest_v1_t>(1) == 0x01000020);

struct nvmlRowRemapperHistogramValues_t {
  unsigned int max;
  unsigned int high;
  unsigned int partial;
  unsigned int low;
  unsigned int none;
};
GPURING_SIZE(nvmlRowRemapperHistogramValues_t, 20);

struct nvmlRemappedRowsInfo_v2_t {
  unsigned int corrActiveRemaps;
  unsigned int corrInactiveRemaps;
  unsigned int uncActiveRemaps;
  unsigned int uncInactiveRemaps;
  unsigned int bPending;
  unsigned int bFailureOccurred;
};
GPURING_SIZE(nvmlRemappedRowsInfo_v2_t, 24);
GPURING_AT(nvmlRemappedRowsInfo_v2_t, bPending, 16);
GPURING_AT(nvmlRemappedRowsInfo_v2_t, bFailureOccurred, 20);

struct nvmlEccErrorCounts_t {
  unsigned long long l1Cache;
  unsigned long long l2Cache;
  unsigned long long deviceMemory;
  unsigned long long registerFile;
};
GPURING_SIZE(nvmlEccErrorCounts_t, 32);
GPURING_AT(nvmlEccErrorCounts_t, deviceMemory, 16);

struct nvmlEccSramErrorStatus_v1_t {
  unsigned int version;
  unsigned long long aggregateUncParity;
  unsigned long long aggregateUncSecDed;
  unsigned long long aggregateCor;
  unsigned long long volatileUncParity;
  unsigned long long volatileUncSecDed;
  unsigned long long volatileCor;
  unsigned long long aggregateUncBucketL2;
  unsigned long long aggregateUncBucketSm;
  unsigned long long aggregateUncBucketPcie;
  unsigned long long aggregateUncBucketMcu;
  unsigned long long aggregateUncBucketOther;
  unsigned int bThresholdExceeded;
};
GPURING_SIZE(nvmlEccSramErrorStatus_v1_t, 104);
GPURING_AT(nvmlEccSramErrorStatus_v1_t, aggregateUncParity, 8);
GPURING_AT(nvmlEccSramErrorStatus_v1_t, volatileUncParity, 32);
GPURING_AT(nvmlEccSramErrorStatus_v1_t, aggregateUncBucketL2, 56);
GPURING_AT(nvmlEccSramErrorStatus_v1_t, bThresholdExceeded, 96);
static_assert(VersionWord<nvmlEccSramErrorStatus_v1_t>(1) == 0x01000068);

struct nvmlAccountingStats_t {
  unsigned int gpuUtilization;
  unsigned int memoryUtilization;
  unsigned long long maxMemoryUsage;
  unsigned long long time;
  unsigned long long startTime;
  unsigned int isRunning;
  unsigned int reserved[5];
};
GPURING_SIZE(nvmlAccountingStats_t, 56);
GPURING_AT(nvmlAccountingStats_t, memoryUtilization, 4);
GPURING_AT(nvmlAccountingStats_t, maxMemoryUsage, 8);
GPURING_AT(nvmlAccountingStats_t, time, 16);
GPURING_AT(nvmlAccountingStats_t, startTime, 24);
GPURING_AT(nvmlAccountingStats_t, isRunning, 32);
GPURING_AT(nvmlAccountingStats_t, reserved, 36);

struct nvmlFBCStats_t {
  unsigned int sessionsCount;
  unsigned int averageFPS;
  unsigned int averageLatency;
};
GPURING_SIZE(nvmlFBCStats_t, 12);

struct nvmlClockOffset_v1_t {
  unsigned int version;
  nvmlClockType_t type;
  nvmlPstates_t pstate;
  int clockOffsetMHz;
  int minClockOffsetMHz;
  int maxClockOffsetMHz;
};
GPURING_SIZE(nvmlClockOffset_v1_t, 24);
GPURING_AT(nvmlClockOffset_v1_t, clockOffsetMHz, 12);
static_assert(VersionWord<nvmlClockOffset_v1_t>(1) == 0x01000018);

struct nvmlSystemDriverBranchInfo_v1_t {
  unsigned int version;
  char branch[80];
};
GPURING_SIZE(nvmlSystemDriverBranchInfo_v1_t, 84);
GPURING_AT(nvmlSystemDriverBranchInfo_v1_t, branch, 4);
static_assert(VersionWord<nvmlSystemDriverBranchInfo_v1_t>(1) == 0x01000054);

struct nvmlExcludedDeviceInfo_t {
  nvmlPciInfo_t pciInfo;
  char uuid[NVML_DEVICE_UUID_BUFFER_SIZE];
};
GPURING_SIZE(nvmlExcludedDeviceInfo_t, 148);
GPURING_AT(nvmlExcludedDeviceInfo_t, uuid, 68);

#undef GPURING_SIZE
#undef GPURING_AT

}  // namespace gpuring
