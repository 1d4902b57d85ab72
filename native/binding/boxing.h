// Native values as JavaScript objects; box_devices.h and box_detail.h go on. An absent value
// becomes an absent property.
#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "core/source.h"
#include "core/status.h"

namespace gpuring {

inline void SetIfKnown(Napi::Object object, const char* key,
                       const std::optional<std::string>& value) {
  if (value.has_value()) object.Set(key, *value);
}

template <class Integer>
void SetIfKnown(Napi::Object object, const char* key, const std::optional<Integer>& value) {
  if (value.has_value()) object.Set(key, static_cast<double>(*value));
}

Napi::Value BoxStatus(Napi::Env env, const Status& status);  // undefined when ok
Napi::Object BoxDriver(Napi::Env env, const SourceIdentity& identity);

}  // namespace gpuring
