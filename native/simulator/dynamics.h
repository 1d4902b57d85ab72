// What has a memory: heat, allocated device memory, energy, and how long the device has been idle.
#pragma once

#include <cstdint>

#include "simulator/boards.h"
#include "simulator/workload.h"

namespace gpuring::simulator {

// Advances in fixed ticks, so that the state at a time does not depend on who asked when.
class Dynamics {
 public:
  Dynamics(const Board& board, const Workload& workload);

  // REQUIRES: never before an earlier call's time.
  void AdvanceTo(int64_t time_ns);

  // Of the moment last advanced to.
  double temperature_celsius() const { return temperature_; }
  double memory_share() const { return memory_share_; }  // of what can be allocated
  int64_t idle_for_ns() const { return busy_ ? 0 : time_ns_ - last_busy_ns_; }
  double energy_millijoules() const { return energy_ + tick_energy_; }

 private:
  void Tick();
  [[nodiscard]] double TargetTemperature(double milliwatts) const;

  const Board& board_;
  const Workload& workload_;
  int64_t time_ns_ = 0;
  int64_t tick_ns_ = 0;   // start of the tick that time_ns_ lies in
  int64_t last_busy_ns_;  // as the ticks saw it
  bool busy_ = false;     // at time_ns_
  double temperature_;
  double memory_share_ = 0;
  double energy_ = 0;       // up to tick_ns_
  double tick_energy_ = 0;  // from there to time_ns_
};

}  // namespace gpuring::simulator
