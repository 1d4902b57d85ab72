// How a device is named inside: positions of the scenario, and MIG instances beyond them.
#pragma once

#include "simulator/mig.h"
#include "simulator/scenario.h"

namespace gpuring::simulator {

// A device's position never changes; NVML's index does. 0 to kDeviceLimit - 1: boards, those of the
// scenario first, then those that were added. From kDeviceLimit on: their MIG instances.
inline constexpr int kNoDevice = -1;

[[nodiscard]] constexpr int InstanceNumber(int position, int slot) {
  return static_cast<int>(kDeviceLimit) + position * kMigSlots + slot;
}
[[nodiscard]] constexpr bool IsInstance(int device) {
  return device >= static_cast<int>(kDeviceLimit);
}
// Of the board itself, or of the board that an instance is part of; kNoDevice stays.
[[nodiscard]] constexpr int PositionOf(int device) {
  return IsInstance(device) ? (device - static_cast<int>(kDeviceLimit)) / kMigSlots : device;
}
// REQUIRES: IsInstance(device).
[[nodiscard]] constexpr int SlotOf(int device) {
  return (device - static_cast<int>(kDeviceLimit)) % kMigSlots;
}

}  // namespace gpuring::simulator
