#include "roles.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "nvml/readings.generated.h"

namespace gpuring::faults {
namespace {

struct Row {
  std::string_view function;  // without "_v2", unless only that one is meant
  uint32_t parts;
  uint32_t answers;
};

// Beside what the metric table says about readings.
constexpr auto kRows = std::to_array<Row>({
    {"nvmlInit", kOpening, 0},
    {"nvmlInitWithFlags", kOpening, 0},
    {"nvmlShutdown", kEnding, 0},
    {"nvmlSystemGetDriverVersion", kHostFact, kText},
    {"nvmlSystemGetNVMLVersion", kHostFact, kText},
    {"nvmlSystemGetCudaDriverVersion", kHostFact, kNumbers},
    {"nvmlDeviceGetCount", kCounting, kNumbers},
    {"nvmlDeviceGetHandleByIndex", kEnumerating, kNumbers},
    {"nvmlDeviceGetHandleByUUID", kRenewing, kNumbers},
    {"nvmlDeviceGetUUID", kEnumerating, kText},
    {"nvmlDeviceGetMigMode", kEnumerating, kNumbers},
    {"nvmlDeviceGetMaxMigDeviceCount", kEnumerating, kNumbers},
    {"nvmlDeviceGetMigDeviceHandleByIndex", kEnumerating, kNumbers},
    {"nvmlDeviceGetDeviceHandleFromMigDeviceHandle", kRenewing, kNumbers},
    {"nvmlDeviceGetGpuInstanceId", kMigFact, kNumbers},
    {"nvmlDeviceGetComputeInstanceId", kMigFact, kNumbers},
    {"nvmlDeviceGetAttributes", kMigFact, kRecord},
    {"nvmlDeviceGetName", kFact, kText},
    {"nvmlDeviceGetSerial", kFact, kText},
    {"nvmlDeviceGetPciInfo", kFact | kTopology, kRecord},
    {"nvmlDeviceGetMemoryInfo", kFact, kRecord},
    {"nvmlDeviceGetNumGpuCores", kFact, kNumbers},
    {"nvmlDeviceGetMemoryBusWidth", kFact, kNumbers},
    {"nvmlDeviceGetCudaComputeCapability", kFact, kNumbers},
    {"nvmlDeviceGetArchitecture", kFact, kNumbers},
    {"nvmlDeviceGetMaxClockInfo", kFact, kNumbers},
    {"nvmlDeviceGetPowerManagementDefaultLimit", kFact, kNumbers},
    {"nvmlDeviceGetPowerManagementLimitConstraints", kFact, kNumbers},
    {"nvmlDeviceGetMaxPcieLinkGeneration", kFact, kNumbers},
    {"nvmlDeviceGetMaxPcieLinkWidth", kFact, kNumbers},
    {"nvmlDeviceGetMemoryAffinity", kFact, kNumbers},
    {"nvmlDeviceGetNumFans", kFans, kNumbers},
    {"nvmlDeviceGetFanSpeed_v2", kFans, kNumbers},
    {"nvmlDeviceGetTargetFanSpeed", kFans, kNumbers},
    {"nvmlDeviceGetFanSpeedRPM", kFans, kRecord},
    {"nvmlDeviceGetComputeRunningProcesses", kProcesses, kRecord},
    {"nvmlDeviceGetGraphicsRunningProcesses", kProcesses, kRecord},
    {"nvmlDeviceGetMPSComputeRunningProcesses", kProcesses, kRecord},
    {"nvmlDeviceGetProcessesUtilizationInfo", kProcesses, kRecord},
    {"nvmlDeviceGetProcessUtilization", kProcesses, kRecord},
    {"nvmlDeviceGetNvLinkState", kLinks | kTopology, kNumbers},
    {"nvmlDeviceGetNvLinkRemoteDeviceType", kTopology, kNumbers},
    {"nvmlDeviceGetNvLinkRemotePciInfo", kTopology, kRecord},
    {"nvmlDeviceGetTopologyCommonAncestor", kTopology, kNumbers},
    {"nvmlDeviceGetP2PStatus", kTopology, kNumbers},
    {"nvmlEventSetCreate", kEvents, kNumbers},
    {"nvmlEventSetFree", kEnding, 0},
    {"nvmlDeviceGetSupportedEventTypes", kEvents, kNumbers},
    {"nvmlDeviceRegisterEvents", kEvents, 0},
    {"nvmlEventSetWait", kEvents, kRecord},
    {"nvmlDeviceGetFieldValues", kLinks, kFields},
    {"nvmlDeviceGetSamples", kSeries, kSamples},
    {"nvmlGpmQueryDeviceSupport", kGpm, kRecord},
    {"nvmlGpmSampleAlloc", kGpm, kNumbers},
    {"nvmlGpmSampleFree", kEnding, 0},
    {"nvmlGpmSampleGet", kGpm, 0},
    {"nvmlGpmMigSampleGet", kGpm, 0},
    {"nvmlGpmMetricsGet", kGpm, kRecord},
});

std::string_view WithoutVersion(std::string_view name) {
  const size_t mark = name.rfind("_v");
  return mark == std::string_view::npos ? name : name.substr(0, mark);
}

const Row* FindRow(std::string_view function) {
  for (const std::string_view name : {function, WithoutVersion(function)}) {
    const auto found = std::ranges::find(kRows, name, &Row::function);
    if (found != kRows.end()) return &*found;
  }
  return nullptr;
}

bool IsStruct(ReadingShape shape) {
  return shape == ReadingShape::kUtilization || shape == ReadingShape::kMemory ||
         shape == ReadingShape::kTemperature || shape == ReadingShape::kMargin ||
         shape == ReadingShape::kBar1 || shape == ReadingShape::kSram;
}

bool IsOldTemperature(std::string_view function) { return function == "nvmlDeviceGetTemperature"; }

// How many calls feed each metric; of a reading with two versions, both.
std::array<int, kMetricCount> Providers() {
  std::array<int, kMetricCount> providers{};
  for (const Reading& reading : kReadings) {
    for (const MetricId metric : reading.outputs) {
      if (metric == kNoMetric) continue;
      for (const char* symbol : reading.symbols) {
        if (symbol != nullptr) providers[static_cast<size_t>(metric)]++;
      }
    }
  }
  for (const FieldReading& field : kFieldReadings) providers[static_cast<size_t>(field.metric)]++;
  for (const GpmReading& gpm : kGpmReadings) providers[static_cast<size_t>(gpm.metric)]++;
  return providers;
}

void AddReadings(const std::string& function, Role* role) {
  for (const Reading& reading : kReadings) {
    for (const char* symbol : reading.symbols) {
      if (symbol == nullptr || function != symbol) continue;
      role->parts |= kReading;
      const bool record = IsStruct(reading.shape) && !IsOldTemperature(function);
      role->answers |= record ? kRecord : kNumbers;
      for (const MetricId metric : reading.outputs) {
        if (metric != kNoMetric) role->metrics.set(static_cast<size_t>(metric));
      }
    }
  }
}

void AddDependents(Role* role) {
  for (const Reading& reading : kReadings) {
    if (reading.unless == kNoMetric || !role->metrics.test(static_cast<size_t>(reading.unless))) {
      continue;
    }
    for (const MetricId metric : reading.outputs) {
      if (metric != kNoMetric) role->dependent.set(static_cast<size_t>(metric));
    }
  }
  if (role->metrics.test(static_cast<size_t>(MetricId::kPowerWatts))) {
    role->dependent.set(static_cast<size_t>(MetricId::kEnergyJoules));
  }
}

}  // namespace

// Source: NVML's return codes and what monitoring makes of them.
CodeClass ClassOf(uint32_t code) {
  switch (code) {
    case 3:   // NOT_SUPPORTED
    case 22:  // VGPU_ECC_NOT_SUPPORTED
    case 24:  // FREQ_NOT_SUPPORTED
    case 30:  // RESET_TYPE_NOT_SUPPORTED
      return CodeClass::kUnsupported;
    case 13:  // FUNCTION_NOT_FOUND
    case 25:  // ARGUMENT_VERSION_MISMATCH
    case 26:  // DEPRECATED
      return CodeClass::kPermanent;
    case 4:   // NO_PERMISSION
    case 17:  // OPERATING_SYSTEM
      return CodeClass::kDenied;
    case 8:   // INSUFFICIENT_POWER
    case 11:  // IRQ_ISSUE
    case 15:  // GPU_IS_LOST
    case 16:  // RESET_REQUIRED
    case 28:  // GPU_NOT_FOUND
      return CodeClass::kDeviceDead;
    case 1:   // UNINITIALIZED
    case 9:   // DRIVER_NOT_LOADED
    case 12:  // LIBRARY_NOT_FOUND
    case 18:  // LIB_RM_VERSION_MISMATCH
      return CodeClass::kLibraryDead;
    default:
      return CodeClass::kTransient;
  }
}

StatusCode OpenStatusOf(uint32_t code) {
  switch (code) {
    case 1:
      return StatusCode::kDriverGone;
    case 9:
      return StatusCode::kDriverNotLoaded;
    case 12:
      return StatusCode::kLibraryNotFound;
    case 18:
      return StatusCode::kDriverMismatch;
    case 10:
      return StatusCode::kTimeout;
    case 6:
    case 19:
    case 20:
    case 21:
    case 23:
    case 27:
    case 29:
      return StatusCode::kTryAgain;
    default:
      break;
  }
  switch (ClassOf(code)) {
    case CodeClass::kUnsupported:
    case CodeClass::kPermanent:
      return StatusCode::kNotSupported;
    case CodeClass::kDenied:
      return StatusCode::kNoPermission;
    case CodeClass::kDeviceDead:
      return StatusCode::kDeviceLost;
    default:
      return StatusCode::kDriverError;
  }
}

ValueState StateOf(CodeClass code_class) {
  switch (code_class) {
    case CodeClass::kUnsupported:
    case CodeClass::kPermanent:
      return ValueState::kUnsupported;
    case CodeClass::kDenied:
      return ValueState::kDenied;
    default:
      return ValueState::kUnavailable;
  }
}

Role RoleOf(const std::string& function) {
  static const std::array<int, kMetricCount> providers = Providers();
  Role role;
  AddReadings(function, &role);
  if (const Row* row = FindRow(function); row != nullptr) {
    role.parts |= row->parts;
    role.answers |= row->answers;
  }
  if (function == "nvmlDeviceGetFieldValues") {
    role.parts |= kReading;
    for (const FieldReading& field : kFieldReadings) {
      role.metrics.set(static_cast<size_t>(field.metric));
    }
  }
  const bool counters = (role.parts & (kGpm | kMigFact)) != 0 || function.starts_with("nvmlGpm");
  if (counters) role.metrics |= GpmMetrics();
  for (size_t metric = 0; metric < kMetricCount; metric++) {
    role.alone.set(metric, role.metrics.test(metric) && providers[metric] == 1);
  }
  AddDependents(&role);
  return role;
}

const Metrics& GpmMetrics() {
  static const Metrics metrics = [] {
    Metrics all;
    for (const GpmReading& gpm : kGpmReadings) all.set(static_cast<size_t>(gpm.metric));
    return all;
  }();
  return metrics;
}

}  // namespace gpuring::faults
