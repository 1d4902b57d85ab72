// The metrics of one tier of one device.
#pragma once

#include <array>
#include <cstdint>

#include "core/sample.h"
#include "core/status.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// What will never be answered is not asked again.
struct PollMemory {
  // Per reading, which of its calls to begin with: those before it will never answer.
  std::array<uint8_t, kReadings.size()> first_call{};
  std::array<bool, kTierCount> no_fields{};  // nvmlDeviceGetFieldValues will never answer
};

// As Source::Poll; REQUIRES: the target is present and not stale. Sets `stale` where the device is
// dead or the handle is in doubt.
Status PollTarget(const NvmlLibrary& library, Tier tier, Target* target, Sample* sample);

}  // namespace gpuring
