// Modes a device is in. Nobody can change them: the setters answer NO_PERMISSION or NOT_SUPPORTED.
#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

nvmlEnableState_t EccMode(const Board& board) {
  return IsProfessional(board) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t* current,
                                                 nvmlEnableState_t* pending) {
  const DeviceCall call(__func__, device, current, pending);
  if (!call.ok()) return call.result();
  if (!call.board().has_ecc) return NVML_ERROR_NOT_SUPPORTED;
  *current = EccMode(call.board());
  *pending = EccMode(call.board());
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDefaultEccMode(nvmlDevice_t device,
                                                        nvmlEnableState_t* mode) {
  const DeviceCall call(__func__, device, mode);
  if (!call.ok()) return call.result();
  if (!call.board().has_ecc) return NVML_ERROR_NOT_SUPPORTED;
  *mode = EccMode(call.board());
  return NVML_SUCCESS;
}

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

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int* current,
                                                 unsigned int* pending) {
  const DeviceCall call(__func__, device, current, pending);
  if (!call.ok()) return call.result();
  if (call.board().max_mig_devices == 0) return NVML_ERROR_NOT_SUPPORTED;
  *current = NVML_DEVICE_MIG_DISABLE;
  *pending = NVML_DEVICE_MIG_DISABLE;
  return NVML_SUCCESS;
}

// How many there could be now: none, while MIG is off.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device,
                                                           unsigned int* count) {
  return DeviceCall(__func__, device, count).TellConstant(0u, count);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device,
                                                                unsigned int index,
                                                                nvmlDevice_t* instance) {
  const DeviceCall call(__func__, device, instance);
  if (!call.ok()) return call.result();
  const unsigned int most = call.board().max_mig_devices;
  if (most == 0) return NVML_ERROR_NOT_SUPPORTED;
  return index < most ? NVML_ERROR_NOT_FOUND : NVML_ERROR_INVALID_ARGUMENT;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int* is) {
  return DeviceCall(__func__, device, is).TellConstant(0u, is);
}

// Performance monitoring units are not modelled on any board; the question itself is answered.
GPURING_EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device,
                                                      nvmlGpmSupport_t* support) {
  const DeviceCall call(__func__, device, support);
  if (!call.ok()) return call.result();
  if (support->version != NVML_GPM_SUPPORT_VERSION) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  support->isSupportedDevice = 0;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
