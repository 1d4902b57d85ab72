// MIG: whether a board is split, and the devices that it is split into.
#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/device_number.h"

namespace gpuring::simulator {
namespace {

// What only an instance has: boards answer NOT_SUPPORTED.
template <typename Tell>
nvmlReturn_t OfInstance(const DeviceCall& call, Tell tell) {
  if (!call.ok()) return call.result();
  const MigInstance instance = World::Get().InstanceOf(call.device());
  if (instance.profile == nullptr) return NVML_ERROR_NOT_SUPPORTED;
  tell(instance);
  return NVML_SUCCESS;
}

nvmlReturn_t TellAttributes(const DeviceCall& call, nvmlDeviceAttributes_t* out) {
  return OfInstance(call, [out](const MigInstance& instance) {
    const MigProfile& profile = *instance.profile;
    *out = {};
    out->multiprocessorCount = profile.multiprocessors;
    out->sharedCopyEngineCount = profile.copy_engines;
    out->sharedDecoderCount = profile.decoders;
    out->sharedJpegCount = profile.jpeg_engines;
    out->sharedOfaCount = profile.optical_flow_engines;
    out->gpuInstanceSliceCount = profile.slices;
    out->computeInstanceSliceCount = profile.slices;
    out->memorySizeMB = profile.memory_mib;
  });
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int* current,
                                                 unsigned int* pending) {
  const DeviceCall call(__func__, device, current, pending);
  if (!call.ok()) return call.result();
  if (call.board().max_mig_devices == 0) return NVML_ERROR_NOT_SUPPORTED;
  const bool on = World::Get().IsMigOn(call.device());
  *current = on ? NVML_DEVICE_MIG_ENABLE : NVML_DEVICE_MIG_DISABLE;
  *pending = *current;
  return NVML_SUCCESS;
}

// How many there could be now: none, while MIG is off.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device,
                                                           unsigned int* count) {
  const DeviceCall call(__func__, device, count);
  if (!call.ok()) return call.result();
  *count = World::Get().IsMigOn(call.device()) ? call.board().max_mig_devices : 0;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device,
                                                                unsigned int index,
                                                                nvmlDevice_t* instance) {
  const DeviceCall call(__func__, device, instance);
  if (!call.ok()) return call.result();
  const unsigned int most = call.board().max_mig_devices;
  if (most == 0) return NVML_ERROR_NOT_SUPPORTED;
  if (index >= most) return NVML_ERROR_INVALID_ARGUMENT;
  const int found = World::Get().InstanceAt(call.device(), index);
  if (found < 0) return NVML_ERROR_NOT_FOUND;
  *instance = DeviceHandle(found);
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int* is) {
  const DeviceCall call(__func__, device, is);
  if (call.ok()) *is = IsInstance(call.device()) ? 1 : 0;
  return call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned int* id) {
  return OfInstance(DeviceCall(__func__, device, id),
                    [id](const MigInstance& instance) { *id = instance.gpu_instance_id; });
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned int* id) {
  return OfInstance(DeviceCall(__func__, device, id),
                    [id](const MigInstance& instance) { *id = instance.compute_instance_id; });
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t instance,
                                                                         nvmlDevice_t* device) {
  const DeviceCall call(__func__, instance, device);
  return OfInstance(call, [&call, device](const MigInstance&) {
    *device = DeviceHandle(PositionOf(call.device()));
  });
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetAttributes(nvmlDevice_t device,
                                                    nvmlDeviceAttributes_t* attributes) {
  return TellAttributes(DeviceCall(__func__, device, attributes), attributes);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device,
                                                       nvmlDeviceAttributes_t* attributes) {
  return TellAttributes(DeviceCall(__func__, device, attributes), attributes);
}

}  // namespace gpuring::simulator
