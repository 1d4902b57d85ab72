// Processes, of which the simulated host has none, and the driver's sample buffers, which are not
// modelled. The protocols around the empty lists are NVML's: the caller first asks the length.
#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

// Whatever the element: none is written. An array may be missing only where no room is claimed.
nvmlReturn_t NoProcesses(const DeviceCall& call, unsigned int* count, const void* processes) {
  if (!call.ok()) return call.result();
  if (*count > 0 && processes == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  *count = 0;
  return NVML_SUCCESS;
}

}  // namespace

#define GPURING_PROCESS_LIST(name, Element)                                                        \
  GPURING_EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned int* count, Element* processes) { \
    return NoProcesses(DeviceCall(__func__, device, count), count, processes);                     \
  }

GPURING_PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses, nvmlProcessInfo_v1_t)
GPURING_PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v2, nvmlProcessInfo_v2_t)
GPURING_PROCESS_LIST(nvmlDeviceGetComputeRunningProcesses_v3, nvmlProcessInfo_v2_t)
GPURING_PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses, nvmlProcessInfo_v1_t)
GPURING_PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, nvmlProcessInfo_v2_t)
GPURING_PROCESS_LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, nvmlProcessInfo_v2_t)
GPURING_PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses, nvmlProcessInfo_v1_t)
GPURING_PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, nvmlProcessInfo_v2_t)
GPURING_PROCESS_LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, nvmlProcessInfo_v2_t)

#undef GPURING_PROCESS_LIST

GPURING_EXPORT nvmlReturn_t
nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, nvmlProcessDetailList_v1_t* list) {
  constexpr unsigned int kAllModes = 3;
  const DeviceCall call(__func__, device, list);
  if (!call.ok()) return call.result();
  if (list->version != VersionWord<nvmlProcessDetailList_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  if (list->mode > kAllModes) return NVML_ERROR_INVALID_ARGUMENT;
  if (call.board().architecture < NVML_DEVICE_ARCH_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
  return NoProcesses(call, &list->numProcArrayEntries, list->procArray);
}

// With nothing running there is never a sample newer than the last one seen.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device,
                                                            nvmlProcessUtilizationSample_t* samples,
                                                            unsigned int* count,
                                                            unsigned long long) {
  const DeviceCall call(__func__, device, count);
  if (!call.ok()) return call.result();
  *count = 0;
  return samples == nullptr ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t device, nvmlSamplingType_t type,
                                                 unsigned long long, nvmlValueType_t* value_type,
                                                 unsigned int* count, nvmlSample_t* samples) {
  const DeviceCall call(__func__, device, value_type, count);
  if (!call.ok()) return call.result();
  if (type > NVML_OFA_UTILIZATION_SAMPLES || (samples != nullptr && *count == 0)) {
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  return NVML_ERROR_NOT_SUPPORTED;
}

}  // namespace gpuring::simulator
