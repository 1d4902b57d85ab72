// Values: samples of all tiers, and series.
#include "court.h"

namespace gpuring::faults {

const Metrics& HostMemory() {
  static const Metrics metrics = [] {
    Metrics all;
    for (const MetricId id : {MetricId::kMemoryTotalBytes, MetricId::kMemoryUsedBytes,
                              MetricId::kMemoryFreeBytes, MetricId::kMemoryReservedBytes}) {
      all.set(static_cast<size_t>(id));
    }
    return all;
  }();
  return metrics;
}

void Court::JudgeSamples(const std::string& uuid, const RowRecord& row) {
  for (size_t tier = 0; tier < kTierCount; tier++) {
    for (const Sample& sample : row.samples[tier]) {
      const int round = RoundOf(sample.start_ns);
      if (round < 0) {
        Miss("a sample at no round's time");
        continue;
      }
      for (size_t metric = kTierMetrics[tier].begin; metric < kTierMetrics[tier].end; metric++) {
        JudgeValue(uuid, metric, sample, round);
      }
    }
  }
}

void Court::JudgeValue(const std::string& uuid, size_t metric, const Sample& sample, int round) {
  const ValueState state = sample.states[metric];
  const int64_t value = sample.values[metric];
  const std::string where =
      std::string(kMetrics[metric].key) + " of " + Short(uuid) + Show(" in round ", round);
  if (IsKnown(state) && !InRange(metric, value)) {
    return Miss(where + Show(" is out of range: ", value));
  }
  Tier tier = Tier::kSlow;
  if (metric < kTierMetrics[1].end) tier = Tier::kMedium;
  if (metric < kTierMetrics[0].end) tier = Tier::kFast;
  const Sample* const right = baseline_.SampleAt(uuid, tier, round);
  if (right == nullptr) {
    // An instance has nothing but counters in this tier, and they need two looks.
    const bool other = IsKnown(state) && !GpmMetrics().test(metric);
    return other ? Miss(where + " has nothing to be compared with") : void();
  }
  const bool same =
      state == right->states[metric] && (!IsKnown(state) || value == right->values[metric]);
  if (same) return;
  if (IsSubject(uuid) && chosen_.role.metrics.test(metric)) shown_++;
  if (Excuses(uuid, metric, sample, *right)) return;
  Miss(where + Show(": state ", static_cast<int>(state)) + Show(", value ", value) +
       Show("; without the fault state ", static_cast<int>(right->states[metric])) +
       Show(", value ", right->values[metric]));
}

// A value that is not what it is without the fault.
bool Court::Excuses(const std::string& uuid, size_t metric, const Sample& sample,
                    const Sample& right) const {
  const ValueState state = sample.states[metric];
  const bool known = IsKnown(state);
  const bool invented = known && !IsKnown(right.states[metric]);
  if (GpmMetrics().test(metric)) {
    const bool first_look = state == ValueState::kUnavailable || known;
    const bool offered = right.states[metric] != ValueState::kUnsupported;
    if (first_look && offered) return true;
  }
  // The system's memory changes as it likes.
  if (HostMemory().test(metric) && right.states[metric] == ValueState::kEstimated && known) {
    return true;
  }
  const bool energy = metric == static_cast<size_t>(MetricId::kEnergyJoules);
  if (energy && right.states[metric] == ValueState::kEstimated) return true;
  const bool hang = case_.kind == Kind::kHang;
  // Time was moved while others were being asked.
  if (hang && known && !invented) return true;
  if (!IsSubject(uuid)) return false;
  const Role& role = chosen_.role;
  if (energy && known && role.metrics.test(metric)) return true;
  if (IsOtherMemory(metric, sample, right)) return true;
  if (role.dependent.test(metric)) return true;
  if (expected_.device_may_be_lost || expected_.driver_may_be_lost) {
    if (state == ValueState::kUnavailable || state == ValueState::kNotSampled) return true;
  }
  if (!role.metrics.test(metric)) return false;
  if (expected_.any_value) return true;
  if (known) return false;
  const bool whole_only = case_.code == 2 && state == ValueState::kUnsupported;
  return state == expected_.state || whole_only;
}

// Where nothing was lost, and nobody let go of the driver, each round has its sample.
// The older call counts what is reserved as used; a board that tells no memory has the system's.
bool Court::IsOtherMemory(size_t metric, const Sample& sample, const Sample& right) const {
  if (!chosen_.role.metrics.test(metric) || !HostMemory().test(metric)) return false;
  const auto reserved = static_cast<size_t>(MetricId::kMemoryReservedBytes);
  // What a board is said to be is found out once: whether its memory is the system's, too.
  if (right.states[metric] == ValueState::kEstimated && !IsKnown(sample.states[metric]))
    return true;
  const bool unsupported = expected_.state == ValueState::kUnsupported;
  if (unsupported && sample.states[metric] == ValueState::kEstimated) return true;
  return metric == static_cast<size_t>(MetricId::kMemoryUsedBytes) &&
         IsKnown(right.states[reserved]) &&
         sample.values[metric] == right.values[metric] + right.values[reserved];
}

// Whether something that only this call tells is known without the fault.
bool Court::CouldShow() const {
  for (const auto& [uuid, row] : baseline_.record().rows) {
    if (!IsSubject(uuid)) continue;
    for (size_t tier = 0; tier < kTierCount; tier++) {
      if (row.samples[tier].empty()) continue;
      for (size_t metric = kTierMetrics[tier].begin; metric < kTierMetrics[tier].end; metric++) {
        const bool known = row.samples[tier].front().states[metric] == ValueState::kKnown;
        if (known && chosen_.role.alone.test(metric)) return true;
      }
    }
  }
  return false;
}

void Court::JudgeGaps(const std::string& uuid, const RowRecord& row) {
  const bool excused =
      expected_.driver_may_be_lost || expected_.open_may_fail ||
      case_.plan.script.turn != Turn::kNone || case_.kind == Kind::kHang ||
      (IsSubject(uuid) && (expected_.device_may_be_lost || expected_.devices_vary));
  if (excused) return;
  for (size_t tier = 0; tier < kTierCount; tier++) {
    if (baseline_.SampleAt(uuid, static_cast<Tier>(tier), 0) == nullptr) continue;
    int next = 0;
    for (const Sample& sample : row.samples[tier]) {
      const int round = RoundOf(sample.start_ns);
      if (round != next && round <= kCleared) {
        return Miss(Short(uuid) + Show(" has no sample in round ", next));
      }
      next = round + 1;
    }
  }
}

void Court::JudgeSeries(const std::string& uuid, const RowRecord& row) {
  for (size_t series = 0; series < kSeriesCount; series++) {
    const auto metric = static_cast<size_t>(kSeriesMetrics[series]);
    const bool spoiled = IsSubject(uuid) && expected_.any_value &&
                         ((chosen_.role.parts & kSeries) != 0 || chosen_.role.metrics.test(metric));
    int64_t last_ns = INT64_MIN;
    for (const SeriesRecord& one : row.series[series]) {
      const bool right = baseline_.HasSeriesValue(uuid, series, one.value);
      const bool polled = one.polled != 0;
      if (!InRange(metric, one.value)) Miss("a measurement out of range");
      if (!right && !polled && !spoiled) {
        return Miss(Show("the driver measured no ", one.value) + " " + kMetrics[metric].key);
      }
      if (one.time_ns < last_ns) return Miss("measurements are out of order");
      last_ns = one.time_ns;
    }
  }
}

}  // namespace gpuring::faults
