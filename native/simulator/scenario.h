// A scenario: which boards the simulated host has, where their values come from, what goes wrong.
// The JSON schema is in scenarios/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/boards.h"
#include "simulator/faults.h"
#include "simulator/load_curve.h"
#include "simulator/mig.h"
#include "simulator/overrides.h"
#include "simulator/processes.h"
#include "simulator/replay.h"
#include "simulator/trace.h"

namespace gpuring::simulator {

inline constexpr size_t kDeviceLimit = 64;
// Bounds the memory of a scenario: a row takes at most some 220 bytes.
inline constexpr size_t kScenarioRowLimit = 4'000'000;

inline constexpr uint32_t kProcessRecordBytes = 24;
inline constexpr uint32_t kLongProcessRecordBytes = 32;  // of some R535 drivers

enum class StepMode : uint8_t {
  kClock,   // real time since init picks the row of a trace
  kRound,   // a client that asks again for what it was given begins the next row
  kManual,  // the command "step" does
};

struct DevicePlan {
  const Board* board = nullptr;
  std::shared_ptr<const Trace> trace;  // null: `curve` instead
  AtEnd at_end = AtEnd::kLoop;
  LoadCurve curve;
  std::optional<std::vector<const MigProfile*>> mig;  // absent: MIG is off
  std::vector<Process> processes;
  std::vector<ValueChange> values;  // in place of the device's own
};

struct Scenario {
  std::string name;
  uint64_t seed = 1;
  std::string driver_version = "570.124.06";
  StepMode step = StepMode::kClock;
  std::vector<DevicePlan> devices;
  std::vector<Fault> faults;
  std::vector<std::string> lacks;  // functions of NVML that this driver does not have
  uint32_t process_record_bytes = kProcessRecordBytes;
};

// Whether the driver has no such function.
[[nodiscard]] bool Lacks(const Scenario& scenario, std::string_view function);
[[nodiscard]] bool IsDriverVersion(std::string_view text);
// One entry as in a scenario's "devices", traces seen from the current directory: appends what it
// stands for to the devices of a scenario that is in use.
void ReadDeviceEntry(const JsonValue& entry, Refusals* refusals, Scenario* scenario);

// `source` names the text in messages; trace paths are relative to `directory`.
struct ScenarioOrigin {
  std::string source;
  std::string directory;
};
// False: `error` names file, line, column, what was expected and what came.
[[nodiscard]] bool ParseScenario(std::string_view text, const ScenarioOrigin& origin,
                                 Scenario* scenario, std::string* error);
// `where`: JSON when it begins with '{', else the path of a file.
[[nodiscard]] bool LoadScenario(const std::string& where, Scenario* scenario, std::string* error);

// What is simulated when nobody names a scenario; needs no file. Programs that never heard of the
// simulator meet it, older ones among them: a board whose brand and architecture they all know.
inline constexpr std::string_view kBuiltInScenario =
    R"({"name": "built-in", "seed": 1, "devices": [{"board": "v100s", "count": 8,
        "load": {"shape": "noise", "periodSeconds": 12, "minPercent": 5, "maxPercent": 98}}]})";

}  // namespace gpuring::simulator
