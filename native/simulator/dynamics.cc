#include "simulator/dynamics.h"

#include <algorithm>
#include <numeric>

namespace gpuring::simulator {
namespace {

constexpr int64_t kTickNs = 100'000'000;
constexpr double kTickSeconds = 0.1;
constexpr double kHeatSeconds = 9;  // die and heat sink follow the power within this
constexpr double kAllocateSeconds = 2;
constexpr double kReleaseSeconds = 25;
constexpr double kBusyLoad = 0.005;
constexpr int64_t kIdleForEverNs = 3'600'000'000'000;
// At full power a board settles this far below its highest operating temperature.
constexpr double kCoolingMargin = 8;
// Heat and memory forget within minutes: more ticks than these (28 hours) are not worth the wait.
constexpr int64_t kMostTicks = 1'000'000;

double MemoryTarget(double load) { return load > kBusyLoad ? 0.3 + 0.55 * load : 0; }

}  // namespace

Dynamics::Dynamics(const Board& board, const Workload& workload)
    : board_(board),
      workload_(workload),
      last_busy_ns_(-kIdleForEverNs),
      busy_(workload.LoadAt(0) > kBusyLoad),
      temperature_(TargetTemperature(workload.PowerMilliwattsAt(0))),
      memory_share_(MemoryTarget(workload.LoadAt(0))) {
  recent_energies_.fill(workload.PowerMilliwattsAt(0) * kTickSeconds);
  activity_ = ActivityOfTick();
}

Counters Dynamics::counters() const {
  Counters counters = counters_;
  counters.Add(activity_, time_ns_ - tick_ns_);
  return counters;
}

Activity Dynamics::ActivityOfTick() const {
  const double load = workload_.LoadAt(tick_ns_);
  if (forced_reasons_) return {load, static_cast<uint64_t>(*forced_reasons_)};
  const auto recorded = workload_.RecordedAt(Column::kClockEventReasons, tick_ns_);
  return {load, recorded ? static_cast<uint64_t>(*recorded) : ModelReasons(load)};
}

uint64_t Dynamics::ModelReasons(double load) const {
  uint64_t reasons = 0;
  if (load < 0.01 && tick_ns_ - last_busy_ns_ >= kAwakeNs) reasons |= nvmlClocksEventReasonGpuIdle;
  // Over one second: mJ is mW.
  const double power = std::accumulate(recent_energies_.begin(), recent_energies_.end(), 0.0);
  if (power >= kPowerCapShare * board_.power.limit_default) {
    reasons |= nvmlClocksEventReasonSwPowerCap;
  }
  const auto recorded = workload_.RecordedAt(Column::kTemperatureGpu, tick_ns_);
  const double celsius = recorded ? static_cast<double>(*recorded) : temperature_;
  if (celsius >= board_.temperatures.slowdown) reasons |= nvmlClocksEventReasonSwThermalSlowdown;
  return reasons;
}

double Dynamics::TargetTemperature(double milliwatts) const {
  const PowerRange range = PowerRangeOf(board_);
  const double share =
      (milliwatts - range.idle_milliwatts) / (range.full_milliwatts - range.idle_milliwatts);
  const double idle = board_.temperatures.idle;
  const double full = board_.temperatures.max_operating - kCoolingMargin;
  return idle + (full - idle) * std::clamp(share, -0.1, 1.3);
}

void Dynamics::AdvanceTo(int64_t time_ns) {
  const int64_t ticks = (time_ns - tick_ns_) / kTickNs;
  if (ticks > kMostTicks) {
    const int64_t skipped_to = tick_ns_ + (ticks - kMostTicks) * kTickNs;
    energy_ += workload_.EnergyMillijoules(tick_ns_, skipped_to);
    counters_.Add(activity_, skipped_to - tick_ns_);
    tick_ns_ = skipped_to;
  }
  while (time_ns - tick_ns_ >= kTickNs) Tick();
  tick_energy_ = workload_.EnergyMillijoules(tick_ns_, time_ns);
  time_ns_ = time_ns;
  busy_ = workload_.LoadAt(time_ns) > kBusyLoad;
}

void Dynamics::Tick() {
  const double load = workload_.LoadAt(tick_ns_);
  const double heat_step = kTickSeconds / kHeatSeconds;
  const double target = TargetTemperature(workload_.PowerMilliwattsAt(tick_ns_));
  temperature_ += (target - temperature_) * heat_step;
  const double memory_target = MemoryTarget(load);
  const double seconds = memory_target > memory_share_ ? kAllocateSeconds : kReleaseSeconds;
  memory_share_ += (memory_target - memory_share_) * (kTickSeconds / seconds);
  if (load > kBusyLoad) last_busy_ns_ = tick_ns_;
  const double energy = workload_.EnergyMillijoules(tick_ns_, tick_ns_ + kTickNs);
  energy_ += energy;
  recent_energies_[next_energy_] = energy;
  next_energy_ = (next_energy_ + 1) % recent_energies_.size();
  counters_.Add(activity_, kTickNs);
  tick_ns_ += kTickNs;
  activity_ = ActivityOfTick();
}

}  // namespace gpuring::simulator
