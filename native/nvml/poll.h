// The metrics of one tier of one device.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>

#include "core/sample.h"
#include "core/status.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// What will never be answered is not asked again, and what is not supported not before a second has
// passed: MIG, for one, may be turned off.
struct PollMemory {
  // Per reading, which of its calls to begin with: those before it will never answer.
  std::array<uint8_t, kReadings.size()> first_call{};
  std::array<bool, kTierCount> no_fields{};  // nvmlDeviceGetFieldValues will never answer
  // Not asked before that. Of samples without a start nothing is remembered.
  std::array<int64_t, kReadings.size()> reading_due_ns{};
  std::array<int64_t, kTierCount> fields_due_ns{};
  std::bitset<kMetricCount> unsupported;  // as the latest poll of the metric's tier found it
};

// As Source::Poll; REQUIRES: the target is present and not stale. Sets `stale` where the device is
// dead or the handle is in doubt.
//
// Every metric of the tier gets a state. kNotSampled is that of a reading which is asked only where
// another metric is unsupported, and was not. Where memory is the system's and the driver does not
// tell it, it is what the system says, and kEstimated.
Status PollTarget(const NvmlLibrary& library, Tier tier, Target* target, Sample* sample);

}  // namespace gpuring
