// Faults: calls of the simulated driver that fail, answer late, wrongly, or never.
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
#include "simulator/spoiling.h"

namespace gpuring::simulator {

inline constexpr int64_t kDelayForEver = -1;

struct Delay {
  enum class Kind : uint8_t { kFixed, kUniform, kExponential, kForEver };

  Kind kind = Kind::kFixed;
  double first_ms = 0;  // the delay, the least one, or the mean
  double last_ms = 0;   // kUniform: the greatest one

  bool none() const { return kind == Kind::kFixed && first_ms == 0; }
};

struct Fault {
  std::string function;                // a name, "*" standing for any run of characters
  std::optional<int> device;           // absent: any device, and calls about none
  nvmlReturn_t result = NVML_SUCCESS;  // NVML_SUCCESS: the call goes on after the delay
  Delay delay;
  Spoiling spoiling;
  uint64_t after_calls = 0;     // matching calls that pass before the fault sets in
  uint64_t calls = UINT64_MAX;  // strikes it lasts for
  uint64_t every_calls = 1;     // strikes each n-th matching call
  double probability = 1;       // of a strike where it would strike
  uint64_t index = 0;           // in its list
  uint64_t seen = 0;            // matching calls so far
  uint64_t struck = 0;          // those that it decided
};

// What a call is to suffer.
struct Suffering {
  bool struck = false;
  nvmlReturn_t result = NVML_SUCCESS;
  int64_t delay_ns = 0;  // or kDelayForEver
  Spoiling spoiling;
};

struct FaultedCall {
  std::string_view function;
  int device;     // -1: about no device
  uint64_t seed;  // the scenario's: what is drawn by lot follows from it
};

[[nodiscard]] bool MatchesGlob(std::string_view pattern, std::string_view text);

// Counts the call in every fault that matches it. The first that is in force decides.
Suffering MeetFaults(const FaultedCall& call, std::vector<Fault>* faults);

// [{"function":"nvmlDeviceGetName","device":0,"seen":4,"struck":1}], in their order.
[[nodiscard]] std::string DescribeFaults(const std::vector<Fault>& faults);

// The array "faults" of a scenario of so many devices. Refused is what could never strike: a
// function that is none of NVML's, a device that is not there. REQUIRES: an array.
void ReadFaults(const JsonValue& array, size_t device_count, Refusals* refusals,
                std::vector<Fault>* faults);
// Of a whole text, as "inject" gets it. False: `error` says why.
[[nodiscard]] bool ParseFaults(std::string_view text, size_t device_count,
                               std::vector<Fault>* faults, std::string* error);

}  // namespace gpuring::simulator
