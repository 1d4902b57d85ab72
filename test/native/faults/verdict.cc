#include "verdict.h"

#include "court.h"

namespace gpuring::faults {

std::vector<std::string> Court::Judge() {
  for (const std::string& complaint : record_.complaints) Miss(complaint);
  JudgeOpening();
  JudgeStrike();
  JudgeRows();
  JudgeTopology();
  JudgeEvents();
  JudgeEnd();
  if (expected_.must_show && shown_ == 0 && CouldShow()) Miss("the fault does not show");
  return misses_;
}

void Court::JudgeOpening() {
  const bool failed = record_.opened != StatusCode::kOk;
  if (!failed && expected_.open_fails) Miss("it opens");
  if (failed && !expected_.open_may_fail) {
    Miss(Show("opening fails: status ", static_cast<int>(record_.opened)));
  }
  if (!failed || case_.kind != Kind::kReturn || !expected_.open_fails) return;
  const bool none = (chosen_.role.parts & kOpening) != 0 && (case_.code == 6 || case_.code == 28);
  const StatusCode right = none ? StatusCode::kNoDevice : OpenStatusOf(case_.code);
  if (record_.opened != right) Miss(Show("opens with status ", static_cast<int>(record_.opened)));
  if (record_.open_return != case_.code) Miss("the driver's return code is lost");
}

void Court::JudgeStrike() {
  if (case_.kind == Kind::kMissing) return;
  if (NumberIn(record_.faults, "struck") < 1) Miss("the fault does not strike");
  if (case_.kind == Kind::kHang && !record_.hung && (chosen_.role.parts & kPolled) != 0) {
    Miss("nothing is said to hang");
  }
}

void Court::JudgeRows() {
  for (const auto& [uuid, row] : record_.rows) {
    if (baseline_.PositionOf(uuid) < 0) {
      Miss("a device that is none: " + uuid);
      continue;
    }
    JudgeSamples(uuid, row);
    JudgeGaps(uuid, row);
    JudgeDetails(uuid, row);
    JudgeSeries(uuid, row);
    JudgeIdentities(uuid, row);
  }
}

void Court::JudgeEnd() {
  if (!record_.ended) Miss("threads are left when the fault is gone");
  JudgeMisuse();
  const auto calls = record_.calls.find(chosen_.function);
  const auto usual = baseline_.record().calls.find(chosen_.function);
  constexpr long kTimes = 40;
  constexpr long kMore = 200;
  if (calls != record_.calls.end() && usual != baseline_.record().calls.end() &&
      calls->second > kTimes * usual->second + kMore) {
    Miss(Show("called too often: ", calls->second) + Show(" times for ", usual->second));
  }
  if (case_.kind == Kind::kMissing || case_.plan.hang == Hang::kForEver) return;
  const std::string ailment = Ailment(record_.last_round);
  if (!ailment.empty()) Miss("in the end " + ailment);
  constexpr int kReopeningRounds = 3;
  const int rounds = record_.last_round - record_.cleared -
                     (case_.plan.script.reopens_at_end ? kReopeningRounds : 0);
  if (rounds > expected_.most_rounds)
    Miss(Show("all is well only after ", rounds) + " rounds, before: " + record_.last_ailment);
  if (case_.plan.script.posts_event && !record_.event_delivered) Miss("no event comes any more");
}

void Court::JudgeMisuse() {
  const uint32_t parts = chosen_.role.parts;
  // A shutdown or a release that fails leaves things open, as does a driver without it.
  if ((parts & kEnding) != 0 || case_.kind == Kind::kMissing) return;
  // "Already initialised" is no init of ours, and is shut down as one.
  constexpr uint32_t kAlreadyInitialized = 5;
  if ((parts & kOpening) != 0 && case_.code == kAlreadyInitialized) return;
  for (const char* misuse : {"useAfterShutdown", "unbalancedShutdown", "openInits"}) {
    if (NumberIn(record_.misuse, misuse) != 0) Miss("misuse: " + record_.misuse);
  }
  // A thread that hangs in a call about the whole driver, as of topology, is left behind in
  // whatever device that was about, and the driver is opened anew; counters of an instance are the
  // board's.
  constexpr uint32_t kOfRow = kReading | kSeries | kInDetail;
  const bool about_driver = (parts & ~kOfRow) != 0 && case_.kind == Kind::kHang;
  if (NumberIn(record_.misuse, "concurrentHandle") != 0 && !about_driver) {
    Miss("misuse: " + record_.misuse);
  }
  // Handles that were spoiled cannot be given back.
  const bool spoiled = (parts & (kEvents | kGpm)) != 0 && case_.kind != Kind::kReturn;
  for (const char* leak : {"openEventSets", "openGpmSamples"}) {
    if (NumberIn(record_.misuse, leak) != 0 && !spoiled) Miss("left open: " + record_.misuse);
  }
}

std::string Court::Ailment(int round) {
  for (const auto& [uuid, right] : baseline_.record().rows) {
    const std::string who = Short(uuid);
    const auto found = record_.rows.find(uuid);
    if (found == record_.rows.end()) return who + " is missing";
    const auto status = found->second.statuses.find(round);
    if (status == found->second.statuses.end()) return who + " is not listed";
    // An instance tells little more than its memory.
    const bool silent = status->second == StatusCode::kTryAgain && IsSubject(uuid) &&
                        case_.plan.script.reopens_at_end && !record_.reopened;
    if (silent) continue;
    if (status->second != StatusCode::kOk) {
      return who + Show(" has status ", static_cast<int>(status->second));
    }
    for (size_t tier = 0; tier < kTierCount; tier++) {
      const std::string ailment = TierAilment(uuid, found->second, tier, round);
      if (!ailment.empty()) return ailment;
    }
  }
  return "";
}

// What the addon has found out about the driver for good is excused until it was opened again.
std::string Court::TierAilment(const std::string& uuid, const RowRecord& row, size_t tier,
                               int round) {
  const Sample* const right = baseline_.SampleAt(uuid, static_cast<Tier>(tier), round);
  const std::string who = Short(uuid) + Show(" tier ", static_cast<long long>(tier));
  const auto tells = [right](size_t metric) {
    return IsKnown(right->states[metric]) && !GpmMetrics().test(metric);
  };
  bool any = false;  // of an instance there are only counters in a slower tier
  for (size_t metric = kTierMetrics[tier].begin; metric < kTierMetrics[tier].end; metric++) {
    any = any || (right != nullptr && tells(metric));
  }
  if (!any) return "";
  if (row.samples[tier].empty()) return who + " has no sample";
  const Sample& last = row.samples[tier].back();
  if (RoundOf(last.start_ns) != round)
    return who + Show(" ended in round ", RoundOf(last.start_ns));
  for (size_t metric = kTierMetrics[tier].begin; metric < kTierMetrics[tier].end; metric++) {
    const ValueState state = last.states[metric];
    if (state == right->states[metric] &&
        (!IsKnown(state) || last.values[metric] == right->values[metric])) {
      continue;
    }
    const bool fed = chosen_.role.metrics.test(metric) || chosen_.role.dependent.test(metric);
    const bool learnt = IsSubject(uuid) && case_.plan.script.reopens_at_end && !record_.reopened;
    const bool energy = metric == static_cast<size_t>(MetricId::kEnergyJoules);
    const bool free = HostMemory().test(metric) || energy;
    const bool counter =
        GpmMetrics().test(metric) && (IsKnown(state) || state == ValueState::kUnavailable);
    if (learnt && fed) continue;
    if ((free && IsKnown(state)) || counter) continue;
    return who + " " + kMetrics[metric].key + Show(" has state ", static_cast<int>(state)) +
           Show(", value ", last.values[metric]);
  }
  return "";
}

std::vector<std::string> Judge(const Baseline& baseline, const Chosen& chosen, const Case& one,
                               const Record& record) {
  return Court(baseline, chosen, one, record).Judge();
}

std::string AilmentOf(const Baseline& baseline, const Chosen& chosen, const Case& one,
                      const Record& record, int round) {
  return Court(baseline, chosen, one, record).Ailment(round);
}

}  // namespace gpuring::faults
