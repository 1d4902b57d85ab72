// Devices and how they hang together, as JavaScript objects.
#pragma once

#include <napi.h>

#include "core/device_table.h"

namespace gpuring {

Napi::Array BoxDevices(Napi::Env env, const DeviceList& list);
// Row by row in the order of the list.
Napi::Array BoxTopology(Napi::Env env, const DeviceList& list);

}  // namespace gpuring
