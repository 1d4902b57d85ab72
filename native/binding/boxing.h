// Native values as JavaScript objects. An absent value becomes an absent property.
#pragma once

#include <napi.h>

#include "core/source.h"
#include "core/status.h"

namespace gpuring {

Napi::Value BoxStatus(Napi::Env env, const Status& status);  // undefined when ok
Napi::Object BoxDevice(Napi::Env env, const DeviceIdentity& device);
Napi::Object BoxDriver(Napi::Env env, const SourceIdentity& identity);

}  // namespace gpuring
