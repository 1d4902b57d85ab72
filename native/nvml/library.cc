#include "nvml/library.h"

#include <span>

namespace gpuring {
namespace {

constexpr size_t kMaxNames = 3;

struct Row {
  std::array<const char*, kMaxNames> names;  // newest first
  void (*assign)(NvmlFunctions* functions, void* address);
};

template <auto kMember>
void Assign(NvmlFunctions* functions, void* address) {
  auto& member = functions->*kMember;
  member = reinterpret_cast<std::remove_reference_t<decltype(member)>>(address);
}

template <auto kMember, size_t kVersion>
void AssignAt(NvmlFunctions* functions, void* address) {
  auto& member = (functions->*kMember)[kVersion];
  member = reinterpret_cast<std::remove_reference_t<decltype(member)>>(address);
}

using F = NvmlFunctions;

constexpr auto kRequiredRows = std::to_array<Row>({
    {{"nvmlInitWithFlags", "nvmlInit_v2", "nvmlInit"}, nullptr},
    {{"nvmlShutdown"}, Assign<&F::shutdown>},
    {{"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"}, nullptr},
});

constexpr auto kOptionalRows = std::to_array<Row>({
    {{"nvmlInitWithFlags"}, Assign<&F::init_with_flags>},
    {{"nvmlInit_v2", "nvmlInit"}, Assign<&F::init>},
    {{"nvmlSystemGetDriverVersion"}, Assign<&F::driver_version>},
    {{"nvmlSystemGetNVMLVersion"}, Assign<&F::nvml_version>},
    {{"nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"},
     Assign<&F::cuda_driver_version>},
    {{"nvmlDeviceGetHandleByUUID"}, Assign<&F::handle_by_uuid>},
    {{"nvmlDeviceGetUUID"}, Assign<&F::uuid>},
    {{"nvmlDeviceGetName"}, Assign<&F::name>},
    {{"nvmlDeviceGetSerial"}, Assign<&F::serial>},
    {{"nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo"}, nullptr},
    {{"nvmlDeviceGetNumGpuCores"}, Assign<&F::core_count>},
    {{"nvmlDeviceGetMemoryBusWidth"}, Assign<&F::memory_bus_width>},
    {{"nvmlDeviceGetCudaComputeCapability"}, Assign<&F::compute_capability>},
    {{"nvmlDeviceGetArchitecture"}, Assign<&F::architecture>},
    {{"nvmlDeviceGetMaxClockInfo"}, Assign<&F::max_clock>},
    {{"nvmlDeviceGetPowerManagementDefaultLimit"}, Assign<&F::default_power_limit>},
    {{"nvmlDeviceGetPowerManagementLimitConstraints"}, Assign<&F::power_limit_range>},
    {{"nvmlDeviceGetMaxPcieLinkGeneration"}, Assign<&F::max_pcie_generation>},
    {{"nvmlDeviceGetMaxPcieLinkWidth"}, Assign<&F::max_pcie_width>},
    {{"nvmlDeviceGetMemoryAffinity"}, Assign<&F::memory_affinity>},
    {{"nvmlDeviceGetNumFans"}, Assign<&F::fan_count>},
    {{"nvmlDeviceGetFanSpeed_v2"}, Assign<&F::fan_speed>},
    {{"nvmlDeviceGetTargetFanSpeed"}, Assign<&F::fan_target>},
    {{"nvmlDeviceGetFanSpeedRPM"}, Assign<&F::fan_rpm>},
    {{"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2",
      "nvmlDeviceGetComputeRunningProcesses"},
     nullptr},
    {{"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2",
      "nvmlDeviceGetGraphicsRunningProcesses"},
     nullptr},
    {{"nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2",
      "nvmlDeviceGetMPSComputeRunningProcesses"},
     nullptr},
    {{"nvmlDeviceGetProcessesUtilizationInfo", "nvmlDeviceGetProcessUtilization"}, nullptr},
    {{"nvmlDeviceGetNvLinkState"}, Assign<&F::nvlink_state>},
    {{"nvmlDeviceGetNvLinkRemoteDeviceType"}, Assign<&F::nvlink_remote_type>},
    {{"nvmlDeviceGetNvLinkRemotePciInfo_v2", "nvmlDeviceGetNvLinkRemotePciInfo"},
     Assign<&F::nvlink_remote_pci>},
    {{"nvmlDeviceGetTopologyCommonAncestor"}, Assign<&F::common_ancestor>},
    {{"nvmlDeviceGetP2PStatus"}, Assign<&F::peer_status>},
    {{"nvmlEventSetCreate"}, Assign<&F::event_set_create>},
    {{"nvmlEventSetFree"}, Assign<&F::event_set_free>},
    {{"nvmlDeviceGetSupportedEventTypes"}, Assign<&F::event_types>},
    {{"nvmlDeviceRegisterEvents"}, Assign<&F::register_events>},
    {{"nvmlEventSetWait_v2", "nvmlEventSetWait"}, nullptr},
    {{"nvmlDeviceGetMigMode"}, Assign<&F::mig_mode>},
    {{"nvmlDeviceGetMaxMigDeviceCount"}, Assign<&F::most_mig_devices>},
    {{"nvmlDeviceGetMigDeviceHandleByIndex"}, Assign<&F::mig_handle_by_index>},
    {{"nvmlDeviceGetDeviceHandleFromMigDeviceHandle"}, Assign<&F::parent_of_mig>},
    {{"nvmlDeviceGetGpuInstanceId"}, Assign<&F::gpu_instance_id>},
    {{"nvmlDeviceGetComputeInstanceId"}, Assign<&F::compute_instance_id>},
    {{"nvmlDeviceGetAttributes_v2", "nvmlDeviceGetAttributes"}, Assign<&F::attributes>},
    {{"nvmlDeviceGetFieldValues"}, Assign<&F::field_values>},
    {{"nvmlDeviceGetSamples"}, Assign<&F::samples>},
    {{"nvmlGpmQueryDeviceSupport"}, Assign<&F::gpm_support>},
    {{"nvmlGpmSampleAlloc"}, Assign<&F::gpm_sample_alloc>},
    {{"nvmlGpmSampleFree"}, Assign<&F::gpm_sample_free>},
    {{"nvmlGpmSampleGet"}, Assign<&F::gpm_sample_get>},
    {{"nvmlGpmMigSampleGet"}, Assign<&F::gpm_mig_sample_get>},
    {{"nvmlGpmMetricsGet"}, Assign<&F::gpm_metrics_get>},
});

// Resolved like the others, but their absence is no lack: either the metric table or a row above
// names the call as well, or only the simulated driver has it.
constexpr auto kUnlistedRows = std::to_array<Row>({
    {{"nvmlDeviceGetPciInfo_v3"}, Assign<&F::pci_info>},
    {{"nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo"}, Assign<&F::pci_info_legacy>},
    {{"nvmlDeviceGetMemoryInfo_v2"}, Assign<&F::memory_v2>},
    {{"nvmlDeviceGetMemoryInfo"}, Assign<&F::memory>},
    {{"nvmlDeviceGetComputeRunningProcesses_v3"}, AssignAt<&F::compute_processes, 0>},
    {{"nvmlDeviceGetComputeRunningProcesses_v2"}, AssignAt<&F::compute_processes, 1>},
    {{"nvmlDeviceGetComputeRunningProcesses"}, AssignAt<&F::compute_processes, 2>},
    {{"nvmlDeviceGetGraphicsRunningProcesses_v3"}, AssignAt<&F::graphics_processes, 0>},
    {{"nvmlDeviceGetGraphicsRunningProcesses_v2"}, AssignAt<&F::graphics_processes, 1>},
    {{"nvmlDeviceGetGraphicsRunningProcesses"}, AssignAt<&F::graphics_processes, 2>},
    {{"nvmlDeviceGetMPSComputeRunningProcesses_v3"}, AssignAt<&F::mps_processes, 0>},
    {{"nvmlDeviceGetMPSComputeRunningProcesses_v2"}, AssignAt<&F::mps_processes, 1>},
    {{"nvmlDeviceGetMPSComputeRunningProcesses"}, AssignAt<&F::mps_processes, 2>},
    {{"nvmlDeviceGetProcessesUtilizationInfo"}, Assign<&F::processes_utilization>},
    {{"nvmlDeviceGetProcessUtilization"}, Assign<&F::process_utilization>},
    {{"nvmlEventSetWait_v2"}, Assign<&F::event_wait_v2>},
    {{"nvmlEventSetWait"}, Assign<&F::event_wait>},
    {{"gpuringSimulatorDescribe"}, Assign<&F::simulator_describe>},
    {{"gpuringSimulatorControl"}, Assign<&F::simulator_control>},
});

using Pair = std::array<Row, 2>;
constexpr std::array<Pair, 2> kEnumerations = {{
    {{{{"nvmlDeviceGetCount_v2"}, Assign<&F::count>},
      {{"nvmlDeviceGetHandleByIndex_v2"}, Assign<&F::handle_by_index>}}},
    {{{{"nvmlDeviceGetCount"}, Assign<&F::count>},
      {{"nvmlDeviceGetHandleByIndex"}, Assign<&F::handle_by_index>}}},
}};

// The first of the names that the library has; null when it has none.
const char* FirstName(const SharedLibrary& library, std::span<const char* const> names) {
  for (const char* name : names) {
    if (name != nullptr && library.Find(name) != nullptr) return name;
  }
  return nullptr;
}

SymbolState StateOf(const SharedLibrary& library, std::span<const char* const> names) {
  const char* found = FirstName(library, names);
  return {names[0], found == nullptr ? "" : found, false};
}

}  // namespace

Status NvmlLibrary::Open(const std::string& path) {
  Close();
  if (Status status = library_.Open(path); !status.ok()) return status;
  std::string missing;
  for (const Row& row : kRequiredRows) {
    if (FirstName(library_, row.names) == nullptr) missing += std::string(" ") + row.names[0];
  }
  if (missing.empty()) {
    Resolve();
    return Status::Ok();
  }
  library_.Close();
  return Status::Error(StatusCode::kLibraryInvalid,
                       "\"" + path + "\" is a shared library but not NVML: it lacks" + missing,
                       "Name the driver's management library, libnvidia-ml.so.1, not another "
                       "library of the driver or of CUDA.");
}

void NvmlLibrary::Close() {
  functions_ = NvmlFunctions();
  reading_calls_ = {};
  library_.Close();
}

void NvmlLibrary::Resolve() {
  const auto assign = [this](const Row& row) {
    const char* name = FirstName(library_, row.names);
    if (row.assign != nullptr && name != nullptr) row.assign(&functions_, library_.Find(name));
    return name != nullptr;
  };
  for (const Row& row : kRequiredRows) assign(row);
  for (const Row& row : kOptionalRows) assign(row);
  for (const Row& row : kUnlistedRows) assign(row);
  for (const Pair& pair : kEnumerations) {
    if (assign(pair[0]) && assign(pair[1])) break;
    functions_.count = nullptr;
    functions_.handle_by_index = nullptr;
  }
  for (size_t reading = 0; reading < kReadings.size(); ++reading) {
    for (size_t call = 0; call < kReadings[reading].symbols.size(); ++call) {
      const char* name = kReadings[reading].symbols[call];
      reading_calls_[reading][call] = name == nullptr ? nullptr : library_.Find(name);
    }
  }
}

std::vector<SymbolState> NvmlLibrary::Symbols() const {
  std::vector<SymbolState> states;
  const auto add = [&](std::span<const char* const> names) {
    SymbolState state = StateOf(library_, names);
    for (const SymbolState& listed : states) {
      if (listed.wanted == state.wanted) return;
    }
    states.push_back(std::move(state));
  };
  for (const Row& row : kRequiredRows) {
    add(row.names);
    states.back().required = true;
  }
  for (const Row& row : kOptionalRows) add(row.names);
  const Row& handle = kEnumerations[0][1];
  add(std::array{handle.names[0], kEnumerations[1][1].names[0]});
  for (const Reading& reading : kReadings) add(reading.symbols);
  return states;
}

}  // namespace gpuring
