// Native values as JavaScript objects; box_devices.h and box_detail.h go on. An absent value
// becomes an absent property.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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

inline Napi::Number BoxCount(Napi::Env env, uint64_t count) {
  return Napi::Number::New(env, static_cast<double>(count));
}

// An ArrayBuffer over memory of which it owns a share: it may outlive what the memory is of.
// Undefined: external memory is refused here.
template <class Memory>
Napi::Value BoxMemory(Napi::Env env, std::shared_ptr<Memory> memory) {
  using Share = std::shared_ptr<Memory>;
  auto* const share = new Share(std::move(memory));
  const auto release = [](napi_env, void*, void* hint) { delete static_cast<Share*>(hint); };
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, (*share)->words(), (*share)->byte_size(), release, share, &buffer);
  if (status == napi_ok) return Napi::Value(env, buffer);
  delete share;
  return env.Undefined();
}

Napi::Value BoxStatus(Napi::Env env, const Status& status);  // undefined when ok
Napi::Object BoxDriver(Napi::Env env, const SourceIdentity& identity);

}  // namespace gpuring
