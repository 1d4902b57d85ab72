#include "core/energy_meter.h"

#include <algorithm>
#include <utility>

namespace gpuring {
namespace {

// Milliwatt nanoseconds, twice.
constexpr int64_t kHalfPicojoulesPerMillijoule = 2'000'000'000;

// What a board can draw at most, and what its counter may have been late by.
constexpr int64_t kMostMilliwatts = kMetrics[static_cast<size_t>(MetricId::kPowerWatts)].maximum;
constexpr int64_t kSpareMillijoules = kMostMilliwatts;  // of a second
constexpr int64_t MostMillijoules(int64_t ns) {
  return ns / (1'000'000'000 / kMostMilliwatts) + kSpareMillijoules;
}
static_assert(1'000'000'000 % kMostMilliwatts == 0);

}  // namespace

void EnergyMeter::Apply(int64_t longest_gap_ns, Sample* sample) {
  if (sample->Knows(MetricId::kEnergyJoules)) {
    FromCounter(sample);
  } else if (sample->StateOf(MetricId::kEnergyJoules) == ValueState::kUnsupported) {
    FromPower(longest_gap_ns, sample);
  }
}

void EnergyMeter::FromCounter(Sample* sample) {
  const int64_t counter = sample->ValueOf(MetricId::kEnergyJoules);
  const Reading now = {counter, sample->start_ns};
  if (counter_.mj < 0) {
    total_mj_ = std::max(total_mj_, counter);
  } else if (counter < counter_.mj) {
    resets_++;
    before_fall_ = counter_;
  } else if (Follows(counter_, now) || (doubted_mj_ >= 0 && counter >= doubted_mj_)) {
    total_mj_ += counter - counter_.mj;
  } else if (before_fall_.mj >= 0 && Follows(before_fall_, now)) {
    resets_--;  // a slip of the driver's
    total_mj_ += counter - before_fall_.mj;
  } else {
    doubted_mj_ = counter;
    sample->states[static_cast<size_t>(MetricId::kEnergyJoules)] = ValueState::kInvalid;
    return;
  }
  counter_ = now;
  doubted_mj_ = -1;
  sample->Set(MetricId::kEnergyJoules, total_mj_);
}

bool EnergyMeter::Follows(const Reading& earlier, const Reading& later) {
  const int64_t rise = later.mj - earlier.mj;
  return rise >= 0 && rise <= MostMillijoules(later.at_ns - earlier.at_ns);
}

void EnergyMeter::FromPower(int64_t longest_gap_ns, Sample* sample) {
  if (!sample->Knows(MetricId::kPowerWatts)) return;
  const int64_t power = sample->ValueOf(MetricId::kPowerWatts);
  const int64_t since = std::exchange(power_ns_, sample->start_ns);
  const int64_t before = std::exchange(power_mw_, power);
  const int64_t gap = sample->start_ns - since;
  if (since >= 0 && gap > 0 && gap <= longest_gap_ns) {
    // At most 2 x 10^8 mW: their product fits for gaps of up to 46 s.
    constexpr int64_t kStepNs = 10'000'000'000;
    for (int64_t left = gap; left > 0; left -= kStepNs) {
      rest_ += (before + power) * std::min(left, kStepNs);
      total_mj_ += rest_ / kHalfPicojoulesPerMillijoule;
      rest_ %= kHalfPicojoulesPerMillijoule;
    }
  }
  sample->Set(MetricId::kEnergyJoules, total_mj_, ValueState::kEstimated);
}

}  // namespace gpuring
