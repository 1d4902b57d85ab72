// Faults: calls of the simulated driver that fail, answer late, or never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/answer.h"
#include "simulator/fields.h"
#include "simulator/json.h"

namespace gpuring::simulator {

inline constexpr int64_t kDelayForEver = -1;

struct Fault {
  std::string function;                // a name, "*" standing for any run of characters
  std::optional<int> device;           // absent: any device, and calls about none
  nvmlReturn_t result = NVML_SUCCESS;  // NVML_SUCCESS: the call goes on after the delay
  int64_t delay_ms = 0;                // or kDelayForEver
  uint64_t after_calls = 0;            // matching calls that pass before the fault sets in
  uint64_t calls = UINT64_MAX;         // matching calls it lasts for
  uint64_t seen = 0;                   // matching calls so far
};

// What a call is to suffer.
struct Suffering {
  nvmlReturn_t result = NVML_SUCCESS;
  int64_t delay_ms = 0;
};

[[nodiscard]] bool MatchesGlob(std::string_view pattern, std::string_view text);

// Counts the call in every fault that matches it. The first that is in force decides.
// `device` -1: a call about no device.
Suffering MeetFaults(std::string_view function, int device, std::vector<Fault>* faults);

// The array "faults" of a scenario of so many devices. Refused is what could never strike: a
// function that is none of NVML's, a device that is not there. REQUIRES: an array.
void ReadFaults(const JsonValue& array, size_t device_count, Refusals* refusals,
                std::vector<Fault>* faults);
// Of a whole text, as "inject" gets it. False: `error` says why.
[[nodiscard]] bool ParseFaults(std::string_view text, size_t device_count,
                               std::vector<Fault>* faults, std::string* error);

}  // namespace gpuring::simulator
