// Energy that never goes back.
#pragma once

#include <cstdint>

#include "core/sample.h"

namespace gpuring {

// What the counter of one device, or else its power, adds up to.
// Thread rules: the owner's.
class EnergyMeter {
 public:
  // Replaces kEnergyJoules in a fast sample. Where the driver has no counter, power is integrated
  // from the first sample on, over gaps of at most `longest_gap_ns`, and the state says so. A
  // counter that rises by more than a board can draw is invalid until the next one agrees with it.
  void Apply(int64_t longest_gap_ns, Sample* sample);
  // The sample's counter is less than the last one seen: the device was reset meanwhile.
  [[nodiscard]] bool WasReset(const Sample& sample) const {
    return sample.Knows(MetricId::kEnergyJoules) &&
           sample.ValueOf(MetricId::kEnergyJoules) < counter_.mj;
  }
  // Times that the counter fell.
  [[nodiscard]] uint64_t resets() const { return resets_; }

 private:
  struct Reading {
    int64_t mj = -1;
    int64_t at_ns = 0;
  };

  void FromCounter(Sample* sample);
  void FromPower(int64_t longest_gap_ns, Sample* sample);
  [[nodiscard]] static bool Follows(const Reading& earlier, const Reading& later);

  int64_t total_mj_ = 0;  // as last published
  Reading counter_;       // the last that was believed
  Reading before_fall_;   // the last before it fell
  int64_t doubted_mj_ = -1;
  uint64_t resets_ = 0;
  int64_t power_mw_ = 0;  // at power_ns_
  int64_t power_ns_ = -1;
  int64_t rest_ = 0;  // what is less than a millijoule, in half picojoules
};

}  // namespace gpuring
