// The devices of a source as the tests look at them.
#pragma once

#include <string>
#include <string_view>

#include "check.h"
#include "nvml/source.h"

namespace gpuring {

// "GPU-0@0 GPU-1@1": UUIDs and indices; a GPU with MIG on has a "+".
inline std::string Listed(const NvmlSource& source) {
  std::string text;
  for (const DeviceIdentity& device : source.devices()) {
    text += (text.empty() ? "" : " ") + device.uuid + "@" + std::to_string(device.index) +
            (device.mig_enabled ? "+" : "");
  }
  return text;
}

inline DeviceIdentity Find(const NvmlSource& source, std::string_view uuid) {
  for (const DeviceIdentity& device : source.devices()) {
    if (device.uuid == uuid) return device;
  }
  CHECK_EQ(std::string(uuid), "a device that is listed");
  return {};
}

inline size_t SlotOf(const NvmlSource& source, std::string_view uuid) {
  return Find(source, uuid).slot;
}

// Whether a survey finds a change. It must not fail.
inline bool Changed(NvmlSource* source) {
  bool changed = false;
  CHECK_EQ(source->Survey(&changed).code(), StatusCode::kOk);
  return changed;
}

}  // namespace gpuring
