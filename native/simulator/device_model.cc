// What a device answers where its trace says nothing: plausible, and in agreement with what the
// trace does say.
#include <algorithm>
#include <cmath>

#include "simulator/device.h"
#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kMiB = int64_t{1} << 20;

constexpr int64_t kTemperatureRefreshNs = 30 * kMillisecondNs;
// The temperature flickers between two neighbouring degrees, as recorded boards do.
constexpr double kTemperatureFlicker = 0.35;
// After the clocks the PCIe link falls, in two steps.
constexpr int64_t kLinkSlowingNs = 4 * kSecondNs;
constexpr int64_t kLinkIdleNs = 6 * kSecondNs;
constexpr int64_t kIdleMemory = 4 * kMiB;
constexpr int64_t kMemoryGrain = 2 * kMiB;
constexpr double kMostMillijoules = 9e18;  // below 2^63
constexpr int64_t kClockStepMhz = 15;
// How often one looks back for load.
constexpr int64_t kLookBackNs = 250 * kMillisecondNs;
constexpr double kBusyLoad = 0.005;

constexpr int64_t kReasonIdle = 0x1;
constexpr int64_t kReasonPowerCap = 0x4;
constexpr int64_t kReasonThermal = 0x20;

enum Purpose : uint64_t { kTemperaturePurpose = 1, kClockPurpose, kMemoryLoadPurpose };

int64_t Rounded(double value) { return std::lround(value); }

}  // namespace

int64_t Device::Model(Column column) {
  switch (column) {
    case Column::kUtilizationGpu:
    case Column::kUtilizationMemory:
      return ModelUtilization(column, Present());
    case Column::kUtilizationEncoder:
    case Column::kUtilizationDecoder:
    case Column::kUtilizationJpeg:
    case Column::kUtilizationOfa:
      return 0;  // plain compute leaves them alone
    case Column::kMemoryTotal:
    case Column::kMemoryReserved:
    case Column::kMemoryUsed:
    case Column::kMemoryFree:
      return ModelMemory(column);
    case Column::kPowerDraw:
    case Column::kPowerDrawInstant:
    case Column::kPowerDrawAverage:
    case Column::kPowerLimit:
      return ModelPower(column);
    case Column::kTotalEnergy:
      return ModelEnergy();
    case Column::kTemperatureGpu:
    case Column::kTemperatureMemory:
      return ModelTemperature(column);
    case Column::kClockGraphics:
    case Column::kClockSm:
    case Column::kClockMemory:
    case Column::kClockVideo:
      return ModelClock(column, Present());
    case Column::kPstate:
      return Awake() ? board_.compute_pstate : board_.idle_pstate;
    case Column::kClockEventReasons:
      return ModelEventReasons();
    case Column::kFanSpeed:
      return ModelFanSpeed();
    case Column::kPcieGeneration:
      return ModelPcieGeneration();
    case Column::kPcieWidth:
      return board_.pcie_width_max;
  }
  return 0;
}

// What Model() answers of now, of another time.
int64_t Device::Recall(Column column, const Moment& moment) const {
  switch (column) {
    case Column::kUtilizationGpu:
    case Column::kUtilizationMemory:
      return ModelUtilization(column, moment);
    case Column::kPowerDraw:
    case Column::kPowerDrawInstant:
      return Rounded(workload_->PowerMilliwattsAt(moment.time_ns));
    case Column::kClockGraphics:
    case Column::kClockSm:
    case Column::kClockMemory:
    case Column::kClockVideo:
      return ModelClock(column, moment);
    default:
      return 0;
  }
}

Device::Moment Device::Present() const { return {time_ns_, row_, Load(), Awake()}; }

Device::Moment Device::MomentAt(int64_t time_ns) const {
  const size_t row = replay_ != nullptr ? replay_->AtTime(time_ns).row : 0;
  return {time_ns, row, workload_->LoadAt(time_ns), WasAwake(time_ns, row)};
}

bool Device::WasAwake(int64_t time_ns, size_t row) const {
  const int64_t pstate = RecordedOr(Column::kPstate, row, -1);
  if (pstate >= 0) return pstate < 5;
  const int64_t clock = RecordedOr(Column::kClockSm, row, -1);
  if (clock >= 0) return clock >= board_.max_clocks.sm / 2;
  for (int64_t ago = 0; ago < kAwakeNs && ago <= time_ns; ago += kLookBackNs) {
    if (workload_->LoadAt(time_ns - ago) > kBusyLoad) return true;
  }
  return false;
}

int64_t Device::RecordedOr(Column column, size_t row, int64_t otherwise) const {
  if (!Records(column)) return otherwise;
  const Answer answer = trace_->At(column, row);
  return answer.result == NVML_SUCCESS ? answer.value : otherwise;
}

double Device::Load() const {
  return replay_ != nullptr ? replay_->LoadOfRow(row_) : workload_->LoadAt(time_ns_);
}

double Device::Noise(int64_t time_ns, int64_t refresh_ns, uint64_t purpose) const {
  return SignedNoise(Mix(seed_, purpose), static_cast<uint64_t>(time_ns / refresh_ns));
}

// Clocks are up: a recorded state or clock decides, else how long the device has been idle.
bool Device::Awake() const {
  const int64_t pstate = RecordedOr(Column::kPstate, -1);
  if (pstate >= 0) return pstate < 5;
  const int64_t clock = RecordedOr(Column::kClockSm, -1);
  if (clock >= 0) return clock >= board_.max_clocks.sm / 2;
  return dynamics_.idle_for_ns() < kAwakeNs;
}

int64_t Device::ModelUtilization(Column column, const Moment& moment) const {
  if (column == Column::kUtilizationGpu) return Rounded(moment.load * 100);
  const int64_t refresh_ns = board_.utilization_refresh_ms * kMillisecondNs;
  const double jitter = Noise(moment.time_ns, refresh_ns, kMemoryLoadPurpose);
  return std::min(Rounded(moment.load * (52 + 4 * jitter)), int64_t{100});
}

// Used, free and reserved make up the total, unless a row records all there is to know and
// disagrees.
int64_t Device::ModelMemory(Column column) {
  const int64_t recorded_used = RecordedOr(Column::kMemoryUsed, -1);
  const int64_t recorded_free = RecordedOr(Column::kMemoryFree, -1);
  const int64_t recorded_reserved = RecordedOr(Column::kMemoryReserved, -1);
  const int64_t known = std::max(recorded_used, int64_t{0}) + std::max(recorded_free, int64_t{0}) +
                        std::max(recorded_reserved, int64_t{0});
  const auto board_total = static_cast<int64_t>(board_.memory_total_bytes);
  const int64_t total = RecordedOr(Column::kMemoryTotal, std::max(board_total, known));
  if (column == Column::kMemoryTotal) return total;
  // What is left for the parts that were not recorded.
  int64_t rest = std::max(total - known, int64_t{0});
  int64_t reserved = 0;
  if (recorded_reserved < 0) {
    const bool all_of_it = recorded_used >= 0 && recorded_free >= 0;
    reserved =
        all_of_it ? rest : std::min(static_cast<int64_t>(board_.memory_reserved_bytes), rest);
  }
  if (column == Column::kMemoryReserved) return reserved;
  rest -= reserved;
  if (recorded_used >= 0 || recorded_free >= 0) return rest;
  const int64_t used = std::min(UsedMemory(rest), rest);
  return column == Column::kMemoryUsed ? used : rest - used;
}

int64_t Device::ProcessMemory() const {
  int64_t bytes = 0;
  for (const Process& process : processes_) bytes += process.memory_bytes;
  return bytes;
}

// As the load has it, and the processes beside it, of so much that can be allocated.
int64_t Device::UsedMemory(int64_t usable) const {
  const auto spread = static_cast<double>(usable - kIdleMemory);
  const int64_t used = kIdleMemory + static_cast<int64_t>(dynamics_.memory_share() * spread);
  return used - used % kMemoryGrain + ProcessMemory();
}

// Rounding must not let the counter fall.
int64_t Device::ModelEnergy() {
  const double millijoules = std::min(dynamics_.energy_millijoules(), kMostMillijoules);
  energy_ = std::max(energy_, static_cast<int64_t>(millijoules));
  return energy_;
}

int64_t Device::ModelPower(Column column) const {
  if (column == Column::kPowerLimit) return board_.power.limit_default;
  const bool average = column == Column::kPowerDrawAverage ||
                       (column == Column::kPowerDraw && board_.power_usage_is_average);
  if (!average) {
    return Rounded(replay_ != nullptr ? replay_->PowerMilliwattsOfRow(row_)
                                      : workload_->PowerMilliwattsAt(time_ns_));
  }
  // On such a board the two are one quantity.
  const Column twin = column == Column::kPowerDraw ? Column::kPowerDrawAverage : Column::kPowerDraw;
  const int64_t recorded = board_.power_usage_is_average ? RecordedOr(twin, -1) : -1;
  return recorded >= 0 ? recorded : Rounded(workload_->MeanPowerMilliwattsAt(time_ns_));
}

double Device::TemperatureCelsius() const {
  return static_cast<double>(
      RecordedOr(Column::kTemperatureGpu, Rounded(dynamics_.temperature_celsius())));
}

int64_t Device::ModelTemperature(Column column) {
  const double flicker =
      kTemperatureFlicker * Noise(time_ns_, kTemperatureRefreshNs, kTemperaturePurpose);
  if (column == Column::kTemperatureGpu) {
    return Rounded(dynamics_.temperature_celsius() + flicker);
  }
  return Rounded(TemperatureCelsius() - 2 + 6 * dynamics_.memory_share() + flicker);
}

int64_t Device::ModelClock(Column column, const Moment& moment) const {
  const BoardClocks& clocks = moment.awake ? board_.max_clocks : board_.idle_clocks;
  if (column == Column::kClockMemory) return clocks.memory;
  if (column == Column::kClockVideo) return clocks.video;
  const Column twin = column == Column::kClockSm ? Column::kClockGraphics : Column::kClockSm;
  const int64_t recorded = RecordedOr(twin, moment.row, -1);
  if (recorded >= 0) return recorded;
  if (!moment.awake) return clocks.sm;
  // The harder a board works, the lower it boosts.
  const int64_t refresh_ns = board_.power_refresh_ms * kMillisecondNs;
  const double jitter = Noise(moment.time_ns, refresh_ns, kClockPurpose);
  const double mhz = clocks.sm * (1 - 0.09 * moment.load - 0.008 * (1 + jitter));
  return Rounded(mhz / kClockStepMhz) * kClockStepMhz;
}

int64_t Device::ModelEventReasons() {
  int64_t reasons = 0;
  if (!Awake() && Load() < 0.01) reasons |= kReasonIdle;
  const double power = workload_->MeanPowerMilliwattsAt(time_ns_);
  if (power >= kPowerCapShare * board_.power.limit_default) reasons |= kReasonPowerCap;
  if (TemperatureCelsius() >= board_.temperatures.slowdown) reasons |= kReasonThermal;
  return reasons;
}

int64_t Device::ModelFanSpeed() {
  const double warm = TemperatureCelsius() - 40;
  const double span = board_.temperatures.max_operating - 40;
  return Rounded(30 + 70 * std::clamp(warm / span, 0.0, 1.0));
}

int64_t Device::ModelPcieGeneration() const {
  const int64_t idle_for = dynamics_.idle_for_ns();
  if (Awake() || idle_for < kLinkSlowingNs) return board_.pcie_generation_max;
  if (idle_for >= kLinkIdleNs) return board_.pcie_generation_idle;
  return std::min(board_.pcie_generation_idle + 1, board_.pcie_generation_max);
}

}  // namespace gpuring::simulator
