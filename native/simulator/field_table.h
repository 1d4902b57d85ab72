// The numbered values of nvmlDeviceGetFieldValues, and all that other calls tell of the same
// quantities: errors, retired memory, links, time held back.
#pragma once

#include "simulator/answer.h"
#include "simulator/device.h"

namespace gpuring::simulator {

inline constexpr unsigned int kAllLinks = 0xFFFFFFFF;

struct FieldQuery {
  unsigned int id;
  unsigned int scope = kAllLinks;  // a link, kAllLinks, or a part of the board that draws power
};

struct FieldReading {
  Answer answer;
  nvmlValueType_t type = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
};

// At the moment of the device's GoTo(); what was set stands in place of its own.
[[nodiscard]] FieldReading ReadField(Device* device, const FieldQuery& query);
// The device's own, whatever was set.
[[nodiscard]] Answer OwnField(Device* device, const FieldQuery& query);
// What a key of ValueGroup::kField names.
[[nodiscard]] FieldQuery QueryOf(ValueKey key);

// ECC comes switched on with the boards that servers have.
[[nodiscard]] bool HasEccOn(const Board& board);
// Ampere and newer replace rows of memory, boards before it retire pages.
[[nodiscard]] bool RemapsRows(const Board& board);
[[nodiscard]] bool RetiresPages(const Board& board);
// NVML's number of the link's version: 2, 4, 6, 7 for NVLink 2.0 to 5.0.
[[nodiscard]] unsigned int NvLinkVersionOf(const Board& board);

}  // namespace gpuring::simulator
