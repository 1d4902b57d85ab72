// What has a memory: heat, allocated device memory, energy, counters, and how long the device has
// been idle.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "simulator/boards.h"
#include "simulator/counters.h"
#include "simulator/workload.h"

namespace gpuring::simulator {

// Clocks fall when a device has been idle for so long.
inline constexpr int64_t kAwakeNs = 2'000'000'000;
// Of the power limit: a board that draws more is held back by it.
inline constexpr double kPowerCapShare = 0.97;

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
  Counters counters() const;
  const Activity& activity() const { return activity_; }

  // The clock event reasons that somebody set, from the next tick on; none: the device's own again.
  void ForceReasons(std::optional<int64_t> reasons) { forced_reasons_ = reasons; }

 private:
  void Tick();
  [[nodiscard]] double TargetTemperature(double milliwatts) const;
  [[nodiscard]] Activity ActivityOfTick() const;
  [[nodiscard]] uint64_t ModelReasons(double load) const;

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
  // Of the last second of ticks, for the mean power; the oldest is overwritten next.
  std::array<double, 10> recent_energies_{};
  size_t next_energy_ = 0;
  std::optional<int64_t> forced_reasons_;
  Activity activity_;  // of the tick that time_ns_ lies in
  Counters counters_;  // up to tick_ns_
};

}  // namespace gpuring::simulator
