#include "core/energy_meter.h"

#include <algorithm>
#include <utility>

namespace gpuring {
namespace {

// Milliwatt nanoseconds, twice.
constexpr int64_t kHalfPicojoulesPerMillijoule = 2'000'000'000;

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
  const int64_t last = std::exchange(counter_mj_, counter);
  if (last < 0) {
    total_mj_ = std::max(total_mj_, counter);
  } else if (counter < last) {
    resets_++;
  } else {
    total_mj_ += counter - last;
  }
  sample->Set(MetricId::kEnergyJoules, total_mj_);
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
