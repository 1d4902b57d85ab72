// Items that cost something go to devices of different speed, each to where it is finished first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/instruction_set.h"

namespace gpuring {

inline constexpr uint32_t kNoOwner = UINT32_MAX;

enum class ItemOrder : uint8_t { kGiven, kDescending };  // of costs; equal ones as given

// All numbers are finite and from 0 on, but limits, which may be infinite. Absent: all 0, and no
// limits. The caller's memory may change meanwhile: that makes numbers wrong, never places.
struct AssignmentRequest {
  using Numbers = std::span<const double>;

  // Of each item. Costs and loads add up to a finite number.
  Numbers costs;
  std::optional<Numbers> bytes;
  // Of each device. One of speed 0 takes nothing.
  Numbers speeds;
  std::optional<Numbers> loads;
  // Of what is assigned here: what was there before does not count.
  std::optional<Numbers> item_limits;
  std::optional<Numbers> cost_limits;
  std::optional<Numbers> byte_limits;
  ItemOrder order = ItemOrder::kDescending;
};

// Writes each item's device: of those that may still take it, the one with the smallest
// (load + cost) / speed, as doubles are rounded; of equals the first. Equal to what looking at
// every device for every item gives. Costs are sorted in time that grows with their number; an item
// then takes some nanoseconds for up to 64 devices without limits, and for m of them about as long
// as looking at a few times the square root of m (where limits make most of the early ones unfit,
// up to all of them are looked at). Returns how many items have a device. Nothing: numbers or
// lengths are not as above, or there is no memory; then nothing was written.
[[nodiscard]] std::optional<uint64_t> AssignEarliest(const AssignmentRequest& request,
                                                     std::span<uint32_t> owners,
                                                     InstructionSet set = BestInstructionSet());

}  // namespace gpuring
