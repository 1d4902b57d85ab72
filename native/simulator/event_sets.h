// Event sets that clients hold. Their handles are numbers, as a device's are: see handles.h.
#pragma once

#include "nvml/abi.h"

namespace gpuring::simulator {

// Any thread. A set lives until it is freed or the library is shut down.
nvmlReturn_t CreateEventSet(nvmlEventSet_t* set);
nvmlReturn_t FreeEventSet(nvmlEventSet_t set);
[[nodiscard]] bool IsEventSet(nvmlEventSet_t set);

// Sleeps until an event comes or `timeout_ms` have passed: TIMEOUT. Events are not modelled yet, so
// that it is always the latter, unless the set or the library goes away meanwhile.
nvmlReturn_t WaitForEvent(nvmlEventSet_t set, unsigned int timeout_ms);

}  // namespace gpuring::simulator
