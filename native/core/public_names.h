// What the layers above call the values of our enumerations, by number. The names in lib/ are
// compared with these by a test.
#pragma once

#include <array>

#include "core/event_log.h"
#include "core/published_block.h"
#include "core/sample.h"
#include "core/source.h"

namespace gpuring {

inline constexpr std::array<const char*, kValueStateCount> kValueStateNames = {
    "not-sampled", "known", "estimated", "unsupported", "denied", "invalid", "unavailable",
};

inline constexpr std::array<const char*, kEventKindCount> kEventKindNames = {
    "device-lost",
    "device-returned",
    "device-hung",
    "device-answered",
    "device-added",
    "device-removed",
    "driver-lost",
    "driver-restored",
    "suspended",
    "resumed",
    "xid",
    "ecc-single-bit",
    "ecc-double-bit",
    "performance-state",
    "clock",
    "power-source",
    "mig-configuration",
    "ecc-storm",
    "dram-retirement",
    "retirement-failure",
    "poison",
    "fatal-poison",
    "unavailable",
    "recovery-action",
    "events-dropped",
    "other",
};

inline constexpr std::array<const char*, kDriverStateCount> kDriverStateNames = {
    "serving",
    "lost",
    "suspended",
    "released",
};

inline constexpr std::array<const char*, kLinkCount> kLinkNames = {
    "unknown",      "nvlink",      "internal",  "single-switch",
    "multi-switch", "host-bridge", "numa-node", "system",
};

}  // namespace gpuring
