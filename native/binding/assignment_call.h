// Which device takes which item. All arguments are read before memory is taken hold of: reading
// them may run the caller's code.
#pragma once

#include <napi.h>

namespace gpuring {

// (what, owners) => items that have a device, or -1; see lib/native-distribution.ts.
Napi::Value AssignEarliestCall(const Napi::CallbackInfo& info);

}  // namespace gpuring
