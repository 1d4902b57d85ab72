// Up to 64 devices without limits: all of them fit into registers, and are looked at for every
// item.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "core/instruction_set.h"
#include "distribute/items.h"

namespace gpuring {

inline constexpr size_t kFewDevices = 64;

struct FewDevices {
  FewDevices() {
    loads.fill(std::numeric_limits<double>::infinity());
    speeds.fill(1);
  }

  // In the order of ties. What is behind `count` is never the earliest.
  std::array<double, kFewDevices> loads;
  std::array<double, kFewDevices> speeds;
  std::array<uint32_t, kFewDevices> places{};
  size_t count = 0;
};

// Writes the place of each item's device. REQUIRES: at least one device.
void AssignToFew(const Items& items, const FewDevices& devices, InstructionSet set,
                 uint32_t* owners);

}  // namespace gpuring
