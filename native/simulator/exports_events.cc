// Events of devices, and of the driver itself.
#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/event_sets.h"

namespace gpuring::simulator {
namespace {

// For the calls about the driver's own events, which work without an init: a client registers
// before it, so as to miss nothing. Null pointers and foreign versions are refused.
class SystemEventCall {
 public:
  template <typename Request>
  SystemEventCall(const char* function, const Request* request)
      : scope_(function, -1), result_(World::Get().EnterUninitialized(function)) {
    if (result_ != NVML_SUCCESS) return;
    if (request == nullptr) {
      result_ = NVML_ERROR_INVALID_ARGUMENT;
    } else if (request->version != VersionWord<Request>(1)) {
      result_ = NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    }
  }

  bool ok() const { return result_ == NVML_SUCCESS; }
  nvmlReturn_t result() const { return result_; }

 private:
  const CallScope scope_;
  nvmlReturn_t result_;
};

struct PendingWait {
  nvmlEventSet_t set;
  unsigned int timeout_ms;
  ReceivedEvent* received;
};

// As much of an event as every version of the struct has.
nvmlReturn_t Wait(const HostCall& call, const PendingWait& wait, nvmlEventData_t* data) {
  if (!call.ok()) return call.result();
  const nvmlReturn_t result = WaitForEvent(wait.set, wait.timeout_ms, wait.received);
  if (result != NVML_SUCCESS) return result;
  data->device = DeviceHandle(wait.received->device);
  data->eventType = wait.received->event.type;
  data->eventData = wait.received->event.data;
  return NVML_SUCCESS;
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t* set) {
  const HostCall call(__func__, set);
  return call.ok() ? CreateEventSet(set) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set) {
  const HostCall call(__func__, set);
  return call.ok() ? FreeEventSet(set) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device,
                                                             unsigned long long* types) {
  const DeviceCall call(__func__, device, types);
  if (call.ok()) *types = SupportedEventTypes(call.board());
  return call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types,
                                                     nvmlEventSet_t set) {
  const DeviceCall call(__func__, device, set);
  if (!call.ok()) return call.result();
  const bool supported = (types & ~SupportedEventTypes(call.board())) == 0;
  // Nothing is registered when one of the types is not supported; the set is looked at first.
  const nvmlReturn_t result = RegisterEvents(call.device(), supported ? types : 0, set);
  return result == NVML_SUCCESS && !supported ? NVML_ERROR_NOT_SUPPORTED : result;
}

// Callers of the unversioned wait have room for the first three members only.
GPURING_EXPORT nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t* data,
                                             unsigned int timeout_ms) {
  ReceivedEvent received;
  const HostCall call(__func__, set, static_cast<void*>(data));
  return Wait(call, {set, timeout_ms, &received}, data);
}

GPURING_EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t* data,
                                                unsigned int timeout_ms) {
  ReceivedEvent received;
  const HostCall call(__func__, set, data);
  const nvmlReturn_t result = Wait(call, {set, timeout_ms, &received}, data);
  if (result != NVML_SUCCESS) return result;
  data->gpuInstanceId = received.event.gpu_instance;
  data->computeInstanceId = received.event.compute_instance;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t
nvmlSystemEventSetCreate(nvmlSystemEventSetCreateRequest_v1_t* request) {
  const SystemEventCall call(__func__, request);
  return call.ok() ? CreateSystemEventSet(&request->set) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlSystemEventSetFree(nvmlSystemEventSetFreeRequest_v1_t* request) {
  const SystemEventCall call(__func__, request);
  return call.ok() ? FreeSystemEventSet(request->set) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlSystemRegisterEvents(nvmlSystemRegisterEventRequest_v1_t* request) {
  const SystemEventCall call(__func__, request);
  if (!call.ok()) return call.result();
  if ((request->eventTypes & ~(kDriverUnbindEvent | kDriverBindEvent)) != 0) {
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  return RegisterSystemEvents(request->eventTypes, request->set);
}

// One event at a time: where the room is one, that it is filled says that there may be more.
GPURING_EXPORT nvmlReturn_t nvmlSystemEventSetWait(nvmlSystemEventSetWaitRequest_v1_t* request) {
  const SystemEventCall call(__func__, request);
  if (!call.ok()) return call.result();
  if (request->data == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  request->numEvent = 0;
  if (request->dataSize == 0) return NVML_ERROR_INSUFFICIENT_SIZE;
  ReceivedEvent received;
  const nvmlReturn_t result = WaitForSystemEvent(request->set, request->timeoutms, &received);
  if (result != NVML_SUCCESS) return result;
  request->data[0] = {received.event.type, 0};
  request->numEvent = 1;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
