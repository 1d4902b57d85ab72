// What a device has several of, as JavaScript objects.
#pragma once

#include <napi.h>

#include "core/device_detail.h"

namespace gpuring {

Napi::Object BoxDetail(Napi::Env env, const DeviceDetail& detail);

}  // namespace gpuring
