// Event sets that clients hold, and the events in them. Their handles are numbers, as a device's
// are: see handles.h. Any thread may call anything here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nvml/abi_extended.h"
#include "simulator/boards.h"

namespace gpuring::simulator {

// Events that wait in one set. What comes beyond is dropped, as a full queue of the driver's would.
inline constexpr uint64_t kMostWaitingEvents = 1'000'000;

struct DeviceEvent {
  unsigned long long type = 0;  // one bit
  unsigned long long data = 0;  // of an Xid: its number
  unsigned int gpu_instance = NVML_VALUE_NOT_AVAILABLE_U32;
  unsigned int compute_instance = NVML_VALUE_NOT_AVAILABLE_U32;
  uint64_t count = 1;  // so many of them, one after another
};

// Delivers to every set that the device's events of this type were registered in, and wakes who
// waits there. `device`: its position in the scenario.
void PostEvent(int device, const DeviceEvent& event);
// "xid", "clock", ...: the bit, or 0.
[[nodiscard]] unsigned long long EventTypeOf(std::string_view name);
[[nodiscard]] std::string EventTypeNames();
// The bits that a board's driver can report.
[[nodiscard]] unsigned long long SupportedEventTypes(const Board& board);

// A set lives until it is freed or the library is shut down.
nvmlReturn_t CreateEventSet(nvmlEventSet_t* set);
nvmlReturn_t FreeEventSet(nvmlEventSet_t set);
// Adds to what was registered before. INVALID_ARGUMENT: no such set.
nvmlReturn_t RegisterEvents(int device, unsigned long long types, nvmlEventSet_t set);
// After the last shutdown: frees the sets that clients left behind, wakes who waits in them, and
// tells how many there were.
uint64_t EndEventSets();

// What a wait was given: the device is a position.
struct ReceivedEvent {
  int device = -1;
  DeviceEvent event;
};
// Sleeps until an event comes or `timeout_ms` have passed: TIMEOUT.
nvmlReturn_t WaitForEvent(nvmlEventSet_t set, unsigned int timeout_ms, ReceivedEvent* received);

// Of the driver itself, not of a device: bits of nvmlSystemRegisterEvents. These sets work without
// an init, so that a client learns of a driver that comes back.
inline constexpr unsigned long long kDriverUnbindEvent = 0x1;
inline constexpr unsigned long long kDriverBindEvent = 0x2;
void PostSystemEvent(unsigned long long type);
nvmlReturn_t CreateSystemEventSet(nvmlSystemEventSet_t* set);
nvmlReturn_t FreeSystemEventSet(nvmlSystemEventSet_t set);
nvmlReturn_t RegisterSystemEvents(unsigned long long types, nvmlSystemEventSet_t set);
nvmlReturn_t WaitForSystemEvent(nvmlSystemEventSet_t set, unsigned int timeout_ms,
                                ReceivedEvent* received);

}  // namespace gpuring::simulator
