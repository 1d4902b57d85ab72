// An NVML library: every symbol looked up on its own, so that an older driver lacks a metric and
// not the whole.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/status.h"
#include "nvml/abi.h"
#include "nvml/abi_extended.h"
#include "nvml/readings.generated.h"
#include "nvml/shared_library.h"

namespace gpuring {

// The calls that no row of the metric table names. Null: this library does not have it.
struct NvmlFunctions {
  nvmlReturn_t (*init_with_flags)(unsigned int flags) = nullptr;
  nvmlReturn_t (*init)() = nullptr;
  nvmlReturn_t (*shutdown)() = nullptr;
  nvmlReturn_t (*driver_version)(char* text, unsigned int size) = nullptr;
  nvmlReturn_t (*nvml_version)(char* text, unsigned int size) = nullptr;
  nvmlReturn_t (*cuda_driver_version)(int* version) = nullptr;

  // The two belong together: the older pair leaves devices out and so counts them differently. Both
  // are there or neither is.
  nvmlReturn_t (*count)(unsigned int* count) = nullptr;
  nvmlReturn_t (*handle_by_index)(unsigned int index, nvmlDevice_t* device) = nullptr;
  nvmlReturn_t (*handle_by_uuid)(const char* uuid, nvmlDevice_t* device) = nullptr;

  nvmlReturn_t (*uuid)(nvmlDevice_t device, char* text, unsigned int size) = nullptr;
  nvmlReturn_t (*name)(nvmlDevice_t device, char* text, unsigned int size) = nullptr;
  nvmlReturn_t (*serial)(nvmlDevice_t device, char* text, unsigned int size) = nullptr;
  nvmlReturn_t (*pci_info)(nvmlDevice_t device, nvmlPciInfo_t* info) = nullptr;
  // Writes a shorter struct: busIdLegacy and the numbers, and whatever it likes behind them.
  nvmlReturn_t (*pci_info_legacy)(nvmlDevice_t device, nvmlPciInfo_t* info) = nullptr;
  nvmlReturn_t (*memory_v2)(nvmlDevice_t device, nvmlMemory_v2_t* memory) = nullptr;
  nvmlReturn_t (*memory)(nvmlDevice_t device, nvmlMemory_t* memory) = nullptr;
  nvmlReturn_t (*core_count)(nvmlDevice_t device, unsigned int* count) = nullptr;
  nvmlReturn_t (*memory_bus_width)(nvmlDevice_t device, unsigned int* bits) = nullptr;
  nvmlReturn_t (*compute_capability)(nvmlDevice_t device, int* major, int* minor) = nullptr;
  nvmlReturn_t (*architecture)(nvmlDevice_t device, unsigned int* architecture) = nullptr;
  nvmlReturn_t (*max_clock)(nvmlDevice_t device, nvmlClockType_t type, unsigned int* mhz) = nullptr;
  nvmlReturn_t (*default_power_limit)(nvmlDevice_t device, unsigned int* milliwatts) = nullptr;
  nvmlReturn_t (*power_limit_range)(nvmlDevice_t device, unsigned int* min,
                                    unsigned int* max) = nullptr;
  nvmlReturn_t (*max_pcie_generation)(nvmlDevice_t device, unsigned int* generation) = nullptr;
  nvmlReturn_t (*max_pcie_width)(nvmlDevice_t device, unsigned int* lanes) = nullptr;
  nvmlReturn_t (*memory_affinity)(nvmlDevice_t device, unsigned int words, unsigned long* nodes,
                                  unsigned int scope) = nullptr;

  nvmlReturn_t (*fan_count)(nvmlDevice_t device, unsigned int* count) = nullptr;
  nvmlReturn_t (*fan_speed)(nvmlDevice_t device, unsigned int fan, unsigned int* percent) = nullptr;
  nvmlReturn_t (*fan_target)(nvmlDevice_t device, unsigned int fan,
                             unsigned int* percent) = nullptr;
  nvmlReturn_t (*fan_rpm)(nvmlDevice_t device, nvmlFanSpeedInfo_v1_t* info) = nullptr;

  // Newest first. The elements of the last are nvmlProcessInfo_v1_t, those of the others are longer
  // by what the driver thinks fit.
  using ListProcesses = nvmlReturn_t (*)(nvmlDevice_t device, unsigned int* count, void* elements);
  using ProcessLists = std::array<ListProcesses, 3>;
  ProcessLists compute_processes{};
  ProcessLists graphics_processes{};
  ProcessLists mps_processes{};
  nvmlReturn_t (*processes_utilization)(nvmlDevice_t device,
                                        nvmlProcessesUtilizationInfo_v1_t* info) = nullptr;
  nvmlReturn_t (*process_utilization)(nvmlDevice_t device, nvmlProcessUtilizationSample_t* samples,
                                      unsigned int* count,
                                      unsigned long long last_seen_us) = nullptr;

  nvmlReturn_t (*nvlink_state)(nvmlDevice_t device, unsigned int link,
                               nvmlEnableState_t* active) = nullptr;
  nvmlReturn_t (*nvlink_remote_type)(nvmlDevice_t device, unsigned int link,
                                     nvmlIntNvLinkDeviceType_t* type) = nullptr;
  // Of the answer only the numbers of the address are looked at: the older version has no more.
  nvmlReturn_t (*nvlink_remote_pci)(nvmlDevice_t device, unsigned int link,
                                    nvmlPciInfo_t* info) = nullptr;
  nvmlReturn_t (*common_ancestor)(nvmlDevice_t one, nvmlDevice_t other,
                                  nvmlGpuTopologyLevel_t* level) = nullptr;
  nvmlReturn_t (*peer_status)(nvmlDevice_t one, nvmlDevice_t other,
                              nvmlGpuP2PCapsIndex_t capability,
                              nvmlGpuP2PStatus_t* status) = nullptr;

  nvmlReturn_t (*event_set_create)(nvmlEventSet_t* set) = nullptr;
  nvmlReturn_t (*event_set_free)(nvmlEventSet_t set) = nullptr;
  nvmlReturn_t (*event_types)(nvmlDevice_t device, unsigned long long* types) = nullptr;
  nvmlReturn_t (*register_events)(nvmlDevice_t device, unsigned long long types,
                                  nvmlEventSet_t set) = nullptr;
  // The older one fills the first 24 bytes alone.
  using WaitForEvent = nvmlReturn_t (*)(nvmlEventSet_t set, nvmlEventData_t* data,
                                        unsigned int timeout_ms);
  WaitForEvent event_wait_v2 = nullptr;
  WaitForEvent event_wait = nullptr;

  nvmlReturn_t (*mig_mode)(nvmlDevice_t device, unsigned int* current,
                           unsigned int* pending) = nullptr;
  nvmlReturn_t (*most_mig_devices)(nvmlDevice_t device, unsigned int* count) = nullptr;
  nvmlReturn_t (*mig_handle_by_index)(nvmlDevice_t device, unsigned int index,
                                      nvmlDevice_t* instance) = nullptr;
  nvmlReturn_t (*parent_of_mig)(nvmlDevice_t instance, nvmlDevice_t* device) = nullptr;
  nvmlReturn_t (*gpu_instance_id)(nvmlDevice_t instance, unsigned int* id) = nullptr;
  nvmlReturn_t (*compute_instance_id)(nvmlDevice_t instance, unsigned int* id) = nullptr;
  nvmlReturn_t (*attributes)(nvmlDevice_t instance, nvmlDeviceAttributes_t* attributes) = nullptr;

  nvmlReturn_t (*field_values)(nvmlDevice_t device, int count, nvmlFieldValue_t* values) = nullptr;
  nvmlReturn_t (*samples)(nvmlDevice_t device, nvmlSamplingType_t type,
                          unsigned long long last_seen_us, nvmlValueType_t* value_type,
                          unsigned int* count, nvmlSample_t* samples) = nullptr;

  nvmlReturn_t (*gpm_support)(nvmlDevice_t device, nvmlGpmSupport_t* support) = nullptr;
  nvmlReturn_t (*gpm_sample_alloc)(nvmlGpmSample_t* sample) = nullptr;
  nvmlReturn_t (*gpm_sample_free)(nvmlGpmSample_t sample) = nullptr;
  nvmlReturn_t (*gpm_sample_get)(nvmlDevice_t device, nvmlGpmSample_t sample) = nullptr;
  nvmlReturn_t (*gpm_mig_sample_get)(nvmlDevice_t device, unsigned int gpu_instance_id,
                                     nvmlGpmSample_t sample) = nullptr;
  nvmlReturn_t (*gpm_metrics_get)(nvmlGpmMetricsGet_t* metrics) = nullptr;

  decltype(&gpuringSimulatorDescribe) simulator_describe = nullptr;
  decltype(&gpuringSimulatorControl) simulator_control = nullptr;
};

// One thing gpuring asks a driver library for.
struct SymbolState {
  std::string wanted;  // its newest name
  std::string found;   // the name that was there; "" when none was
  bool required;       // without it a library is not taken for NVML
};

// The addresses of one reading's calls, in the order of Reading::symbols; null where missing.
using ReadingCalls = std::array<void*, std::tuple_size_v<decltype(Reading::symbols)>>;

// Loads and resolves; initialises nothing. Thread rules: one thread at a time.
class NvmlLibrary {
 public:
  NvmlLibrary() = default;
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  // As SharedLibrary::Open; kLibraryInvalid also for a library that is not NVML.
  Status Open(const std::string& path);
  void Close();

  [[nodiscard]] const SharedLibrary& loaded() const { return library_; }

  // Empty while nothing is open.
  [[nodiscard]] const NvmlFunctions& functions() const { return functions_; }
  [[nodiscard]] const ReadingCalls& reading_calls(size_t reading) const {
    return reading_calls_[reading];
  }
  // What the library has and lacks, in no order of importance. REQUIRES: open.
  [[nodiscard]] std::vector<SymbolState> Symbols() const;

 private:
  void Resolve();

  SharedLibrary library_;
  NvmlFunctions functions_;
  std::array<ReadingCalls, kReadings.size()> reading_calls_{};
};

}  // namespace gpuring
