// Modes a device is in. Nobody can change them: the setters answer NO_PERMISSION or NOT_SUPPORTED.
#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
// Servers keep their boards initialised, desktops do not.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device,
                                                         nvmlEnableState_t* mode) {
  const DeviceCall call(__func__, device, mode);
  if (call.ok())
    *mode = IsProfessional(call.board()) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
  return call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, nvmlComputeMode_t* mode) {
  return DeviceCall(__func__, device, mode).TellConstant(NVML_COMPUTEMODE_DEFAULT, mode);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDisplayActive(nvmlDevice_t device,
                                                       nvmlEnableState_t* active) {
  return DeviceCall(__func__, device, active).TellConstant(NVML_FEATURE_DISABLED, active);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDisplayMode(nvmlDevice_t device, nvmlEnableState_t* mode) {
  return DeviceCall(__func__, device, mode).TellConstant(NVML_FEATURE_DISABLED, mode);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetVirtualizationMode(nvmlDevice_t device,
                                                            nvmlGpuVirtualizationMode_t* mode) {
  return DeviceCall(__func__, device, mode).TellConstant(NVML_GPU_VIRTUALIZATION_MODE_NONE, mode);
}

}  // namespace gpuring::simulator
