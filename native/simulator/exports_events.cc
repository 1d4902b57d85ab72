// Device events: sets can be made, registered on and waited for; none comes yet.
#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/event_sets.h"

namespace gpuring::simulator {
namespace {

unsigned long long SupportedTypes(const Board& board) {
  constexpr auto kAlways = nvmlEventTypePState | nvmlEventTypeXidCriticalError | nvmlEventTypeClock;
  constexpr auto kWithEcc = nvmlEventTypeSingleBitEccError | nvmlEventTypeDoubleBitEccError;
  return board.has_ecc ? kAlways | kWithEcc : kAlways;
}

nvmlReturn_t Wait(const HostCall& call, nvmlEventSet_t set, unsigned int timeout_ms) {
  return call.ok() ? WaitForEvent(set, timeout_ms) : call.result();
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
  if (call.ok()) *types = SupportedTypes(call.board());
  return call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types,
                                                     nvmlEventSet_t set) {
  const DeviceCall call(__func__, device, set);
  if (!call.ok()) return call.result();
  if (!IsEventSet(set)) return NVML_ERROR_INVALID_ARGUMENT;
  const bool supported = (types & ~SupportedTypes(call.board())) == 0;
  return supported ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

// The two differ in how much of the data an event fills.
GPURING_EXPORT nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_t* data,
                                             unsigned int timeout_ms) {
  return Wait(HostCall(__func__, set, data), set, timeout_ms);
}

GPURING_EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t* data,
                                                unsigned int timeout_ms) {
  return Wait(HostCall(__func__, set, data), set, timeout_ms);
}

}  // namespace gpuring::simulator
