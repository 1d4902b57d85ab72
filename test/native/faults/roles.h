// What the sweep expects of the addon, written down on its own: reference tables of NVML's return
// codes and of what each function is for. Nothing here asks the code that is judged.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>

#include "core/metrics.generated.h"
#include "core/sample.h"
#include "core/status.h"

namespace gpuring::faults {

enum class CodeClass : uint8_t {
  kUnsupported,  // this board does not offer it
  kPermanent,    // this driver never will: function or struct version is not there
  kDenied,
  kTransient,
  kDeviceDead,
  kLibraryDead,
};
[[nodiscard]] CodeClass ClassOf(uint32_t code);
// What opening a driver comes to that answers so.
[[nodiscard]] StatusCode OpenStatusOf(uint32_t code);
// Of a metric whose call answers so.
[[nodiscard]] ValueState StateOf(CodeClass code_class);

// What a function is for. One can be for several things.
enum Part : uint32_t {
  kOpening = 1u << 0,
  kCounting = 1u << 1,     // how many devices there are
  kEnumerating = 1u << 2,  // which
  kHostFact = 1u << 3,
  kFact = 1u << 4,     // identity of a device
  kMigFact = 1u << 5,  // which instance a device is
  kReading = 1u << 6,  // metrics
  kSeries = 1u << 7,
  kFans = 1u << 8,
  kLinks = 1u << 9,
  kProcesses = 1u << 10,
  kTopology = 1u << 11,
  kEvents = 1u << 12,
  kRenewing = 1u << 13,  // a new handle for a device that was away
  kEnding = 1u << 14,    // nothing is lost when it fails
  kGpm = 1u << 15,
};
inline constexpr uint32_t kPolled = kReading | kSeries | kFans | kLinks | kProcesses | kGpm;
inline constexpr uint32_t kInDetail = kFans | kLinks | kProcesses;

// What it answers, and with it which garbage there is.
enum Answer : uint32_t {
  kNumbers = 1u << 0,
  kRecord = 1u << 1,  // numbers in a struct, which can be longer than declared
  kText = 1u << 2,
  kFields = 1u << 3,
  kSamples = 1u << 4,
};

using Metrics = std::bitset<kMetricCount>;

struct Role {
  uint32_t parts = 0;  // 0: the sweep does not know the function
  uint32_t answers = 0;
  Metrics metrics;    // that it feeds
  Metrics alone;      // of these, those that nothing else feeds
  Metrics dependent;  // that are asked, or worked out, because of what it says
};
[[nodiscard]] Role RoleOf(const std::string& function);

// Of performance counters: what they say depends on when they were last looked at.
[[nodiscard]] const Metrics& GpmMetrics();

}  // namespace gpuring::faults
