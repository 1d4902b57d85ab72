// One fault from beginning to end: a sampler over the simulated host, and all that it said.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/event_listener.h"
#include "core/row_memory.h"
#include "core/sampler.h"
#include "lab.h"

namespace gpuring::faults {

inline constexpr int64_t kRoundNs = 500'000'000;
inline constexpr int64_t kBeginNs = 1'000'000'000;
// The fault is there from before the opening; at kTurn there is what the script says; at kCleared
// the fault goes.
inline constexpr int kTurn = 4;
inline constexpr int kCleared = 8;
inline constexpr int kMostHangRounds = 12;  // more, until a call is said to hang
inline constexpr int kMostRounds = 40;      // then an episode that is not well gives up

// What else happens. A function that is never called in one script is tried in the next.
enum class Turn : uint8_t { kNone, kReopen, kReopenTwice, kLose };

struct Script {
  Turn turn = Turn::kNone;
  bool real_time = false;  // performance counters need 100 ms between two looks
  bool posts_event = false;
  bool reopens_at_end = false;  // what was found out about the driver is forgotten
};

enum class Hang : uint8_t { kNone, kReturns, kForEver };

struct Plan {
  std::string faults = "[]";
  Script script;
  Hang hang = Hang::kNone;
  bool polled = false;          // the call that hangs is one of those that are made all the time
  int event_device = 0;         // that an event is posted about when the fault is gone
  bool lacks_function = false;  // what does not open never will
  int last_round = 28;
};

struct RowRecord {
  size_t row = 0;
  std::array<std::vector<Sample>, kTierCount> samples;
  std::vector<DeviceDetail> details;
  std::array<std::vector<SeriesRecord>, kSeriesCount> series;
  std::array<uint64_t, kSeriesCount> next_record = {1, 1, 1};
  std::map<int, StatusCode> statuses;  // after each round
  std::map<int, DeviceIdentity> identities;
};

struct Record {
  // Of the first attempt.
  StatusCode opened = StatusCode::kOk;
  uint32_t open_return = 0;
  bool opened_in_time = true;
  std::map<std::string, RowRecord> rows;  // by UUID
  std::map<int, std::shared_ptr<const DeviceList>> lists;
  SourceIdentity source;  // while the fault is there
  std::vector<EventRecord> events;
  std::string faults_at_turn;  // what became of the fault until then
  std::string faults;          // and until it went
  std::string misuse;
  std::map<std::string, long> calls;
  int cleared = kCleared;  // the round after which the fault went
  int last_round = 0;
  bool reopened = false;                // in the end, as the script says
  bool ended = false;                   // all threads did
  bool event_delivered = false;         // the one that was posted when the fault was gone
  bool hung = false;                    // some row, or the event thread, while the fault was there
  std::string last_ailment;             // before all was well
  std::vector<std::string> complaints;  // of the episode itself
};

// Whether all is well again after this round.
using IsWell = std::function<bool(Record&, int round)>;

[[nodiscard]] Record RunEpisode(const Lab& lab, const Plan& plan, const IsWell& is_well);

// The round at whose time a sample was taken, or -1: at no round's.
[[nodiscard]] int RoundOf(int64_t start_ns);

inline constexpr int kDevices = 6;  // of the scenario

}  // namespace gpuring::faults
