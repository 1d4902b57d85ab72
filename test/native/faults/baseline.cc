#include "baseline.h"

#include <algorithm>

namespace gpuring::faults {
namespace {

const IsWell kNever = [](Record&, int) { return false; };

// A fault that does nothing but count: a billionth of a millisecond late.
std::string Counter(const std::string& function, int device) {
  std::string text = "{\"function\":\"" + function + "\",\"delayMs\":1e-9";
  if (device >= 0) text += ",\"device\":" + std::to_string(device);
  return text + "}";
}

// Performance counters are looked at each 100 ms, and the event thread waits for a while.
bool NeedsRealTime(const std::string& function, const Role& role) {
  return (role.parts & kGpm) != 0 || function.find("SetWait") != std::string::npos;
}

std::vector<long> SeenIn(const std::string& reply) {
  std::vector<long> seen;
  for (size_t at = reply.find("\"seen\""); at != std::string::npos;
       at = reply.find("\"seen\"", at + 1)) {
    seen.push_back(NumberIn(reply, "seen", at));
  }
  return seen;
}

}  // namespace

Baseline::Baseline(const Lab& lab, const Script& script)
    : record_(RunEpisode(lab, {.script = script, .last_round = kMostRounds + 4}, kNever)) {
  for (const DeviceEntry& entry : record_.lists.at(0)->devices) {
    positions_[entry.identity.uuid] = static_cast<int>(entry.identity.index);
  }
  for (const auto& [uuid, row] : record_.rows) {
    for (size_t tier = 0; tier < kTierCount; tier++) {
      for (const Sample& sample : row.samples[tier]) {
        samples_[uuid][tier][RoundOf(sample.start_ns)] = &sample;
      }
    }
    for (const DeviceDetail& detail : row.details) {
      details_[uuid][RoundOf(detail.start_ns)] = &detail;
    }
    for (size_t series = 0; series < kSeriesCount; series++) {
      for (const SeriesRecord& one : row.series[series]) series_[uuid][series].insert(one.value);
    }
  }
}

const Sample* Baseline::SampleAt(const std::string& uuid, Tier tier, int round) const {
  const auto row = samples_.find(uuid);
  if (row == samples_.end()) return nullptr;
  const auto& rounds = row->second[static_cast<size_t>(tier)];
  const auto found = rounds.find(round);
  return found == rounds.end() ? nullptr : found->second;
}

const DeviceDetail* Baseline::DetailAt(const std::string& uuid, int round) const {
  const auto row = details_.find(uuid);
  if (row == details_.end()) return nullptr;
  const auto found = row->second.find(round);
  return found == row->second.end() ? nullptr : found->second;
}

bool Baseline::HasSeriesValue(const std::string& uuid, size_t series, int64_t value) const {
  const auto row = series_.find(uuid);
  return row != series_.end() && row->second[series].contains(value);
}

int Baseline::PositionOf(const std::string& uuid) const {
  const auto found = positions_.find(uuid);
  return found == positions_.end() ? -1 : found->second;
}

std::optional<Census> TakeCensus(const Lab& lab, const std::string& function, const Role& role) {
  for (const Turn turn : {Turn::kNone, Turn::kReopen, Turn::kReopenTwice, Turn::kLose}) {
    Plan plan;
    plan.script = {.turn = turn,
                   .real_time = NeedsRealTime(function, role),
                   .posts_event = (role.parts & kEvents) != 0};
    plan.faults = "[" + Counter(function, -1);
    for (int device = 0; device < kDevices; device++)
      plan.faults += "," + Counter(function, device);
    plan.faults += "]";
    const IsWell at_once = [](Record&, int) { return true; };
    const Record record = RunEpisode(lab, plan, at_once);
    const std::vector<long> all = SeenIn(record.faults);
    const std::vector<long> before = SeenIn(record.faults_at_turn);
    Census census;
    census.script = plan.script;
    bool once = false;
    for (size_t place = 1; place < all.size(); place++) {
      once = once || all[place] == 1;
      if (all[place] < 2) continue;
      census.subjects.push_back(static_cast<int>(place) - 1);
      census.calls.push_back({before[place], all[place]});
    }
    if (all[0] > 0 && std::all_of(all.begin() + 1, all.end(), [](long n) { return n == 0; })) {
      census.calls.push_back({before[0], all[0]});
    }
    // Called twice, so that there is an n-th call beside the first.
    if (!once && !census.calls.empty() && census.calls[0].all >= 2) return census;
  }
  return std::nullopt;
}

}  // namespace gpuring::faults
