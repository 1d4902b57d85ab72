// The faults of one function: every return code, at the first, the n-th and each call; garbage of
// every kind that its answers can hold; latency; and a driver without it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "episode.h"
#include "roles.h"

namespace gpuring::faults {

enum class Kind : uint8_t {
  kReturn,
  kFieldReturn,  // the call succeeds, its fields do not
  kValue,
  kText,
  kGrow,
  kOverrun,
  kSlow,
  kHang,
  kMissing,
};
enum class Timing : uint8_t { kFirst, kNth, kAlways };

struct Case {
  std::string name;
  Kind kind = Kind::kReturn;
  Timing timing = Timing::kAlways;
  uint32_t code = 0;      // kReturn, kFieldReturn; kMissing: FUNCTION_NOT_FOUND
  std::string garbage{};  // its name
  int subject = -1;       // the device's position; -1: any, or none
  Plan plan{};
};

// How often a function is called before the turn, and until the fault goes.
struct Calls {
  long before = 0;
  long all = 0;
};

// What a run without a fault says about a function.
struct Census {
  Script script;              // in which it is called
  std::vector<int> subjects;  // devices that it is called about; empty: it is about none
  std::vector<Calls> calls;   // of each, or of the one that is none
};

struct Chosen {
  std::string function;
  Role role;
  Census census;
  bool thin = false;  // one return code of each class, at each call, and nothing else
};

[[nodiscard]] std::vector<Case> CasesOf(const Chosen& chosen);

}  // namespace gpuring::faults
