#include "simulator/device.h"

#include <algorithm>
#include <utility>

#include "simulator/clock.h"
#include "simulator/column_range.h"
#include "simulator/field_table.h"
#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

// Beyond this many steps time stands still: 31 years of modelled rows.
constexpr uint64_t kMostSteps = 10'000'000'000;

std::unique_ptr<Workload> MakeWorkload(const DevicePlan& plan, uint64_t seed) {
  if (plan.trace != nullptr) {
    return std::make_unique<Replay>(plan.trace, plan.at_end, *plan.board);
  }
  return std::make_unique<CurveWorkload>(plan.curve, *plan.board, seed);
}

std::bitset<kColumnCount> ColumnSet(std::initializer_list<Column> columns) {
  std::bitset<kColumnCount> set;
  for (const Column column : columns) set.set(static_cast<size_t>(column));
  return set;
}

// What an inventory may read, and what does not tell one row from the next.
bool IsFixed(Column column) {
  return column == Column::kMemoryTotal || column == Column::kMemoryReserved ||
         column == Column::kPowerLimit;
}

}  // namespace

Device::Device(const DevicePlan& plan, StepMode step, uint64_t seed)
    : board_(*plan.board),
      trace_(plan.trace),
      step_(step),
      seed_(seed),
      workload_(MakeWorkload(plan, seed)),
      replay_(plan.trace != nullptr ? static_cast<const Replay*>(workload_.get()) : nullptr),
      dynamics_(board_, *workload_),
      processes_(plan.processes) {
  Set(plan.values);
}

bool Device::Offers(Column column) const {
  if (Records(column)) return true;
  switch (column) {
    case Column::kFanSpeed:
      return board_.fan_count > 0;
    case Column::kTotalEnergy:
      return board_.has_energy_counter;
    case Column::kPowerDrawAverage:
      return board_.has_average_power_field;
    case Column::kPowerDrawInstant:
      return board_.has_instant_power_field;
    case Column::kTemperatureMemory:
      return board_.has_memory_temperature;
    case Column::kUtilizationJpeg:
    case Column::kUtilizationOfa:
      return board_.architecture >= NVML_DEVICE_ARCH_TURING;
    case Column::kMemoryTotal:
    case Column::kMemoryReserved:
    case Column::kMemoryUsed:
    case Column::kMemoryFree:
      return !board_.has_unified_memory;
    default:
      return true;
  }
}

void Device::Read(std::span<const Column> columns, int64_t elapsed_ns, std::span<Answer> answers) {
  if (step_ == StepMode::kRound) BeginRowIfAsked(columns);
  Locate(elapsed_ns);
  for (size_t i = 0; i < columns.size(); ++i) answers[i] = Now(columns[i]);
}

Answer Device::Ask(Column column) {
  Answer answer;
  Read({&column, 1}, elapsed_ns_, {&answer, 1});
  return answer;
}

void Device::GoTo(int64_t elapsed_ns) {
  Locate(elapsed_ns);
  dynamics_.AdvanceTo(time_ns_);
}

Answer Device::Now(Column column) {
  if (const Override* set = overrides_.At(KeyOf(column), time_ns_)) {
    if (column != Column::kTotalEnergy || !Offers(column)) return {NVML_SUCCESS, *set->value};
    dynamics_.AdvanceTo(time_ns_);
    return {NVML_SUCCESS, overrides_.CountedOr(KeyOf(column), time_ns_, OwnEnergy())};
  }
  if (!Offers(column)) return {NVML_ERROR_NOT_SUPPORTED, 0};
  if (ended_) return {NVML_ERROR_NO_DATA, 0};
  if (Records(column)) return trace_->At(column, row_);
  dynamics_.AdvanceTo(time_ns_);
  return Bounded(column, Model(column));
}

Answer Device::Bounded(Column column, int64_t value) const {
  const ColumnRange& range = RangeOf(column);
  return {NVML_SUCCESS, std::clamp(value, range.least, range.most)};
}

Answer Device::ValueAt(Column column, int64_t time_ns) const {
  if (const Override* set = overrides_.At(KeyOf(column), time_ns)) {
    return {NVML_SUCCESS, *set->value};
  }
  if (!Offers(column)) return {NVML_ERROR_NOT_SUPPORTED, 0};
  if (replay_ != nullptr && replay_->AtTime(time_ns).ended) return {NVML_ERROR_NO_DATA, 0};
  const Moment moment = MomentAt(time_ns);
  if (Records(column)) return trace_->At(column, moment.row);
  return Bounded(column, Recall(column, moment));
}

int64_t Device::OwnEnergy() { return RecordedOr(Column::kTotalEnergy, ModelEnergy()); }

void Device::Set(std::span<const ValueChange> changes) {
  for (const ValueChange& change : changes) {
    Override entry = {time_ns_, change.value, 0};
    if (change.key == KeyOf(Column::kTotalEnergy)) {
      entry.baseline = OwnEnergy();
    } else if (static_cast<ValueGroup>(change.key >> 24) == ValueGroup::kField) {
      entry.baseline = OwnField(this, QueryOf(change.key)).value;
    }
    if (change.key == KeyOf(Column::kClockEventReasons)) dynamics_.ForceReasons(change.value);
    overrides_.Set(change.key, entry);
  }
}

int64_t Device::DriverTimeUs(int64_t time_ns) const {
  return epoch_us_ + time_ns / 1000 +
         overrides_.ValueOr(KeyOf(Setting::kSampleClockStepUs), time_ns, 0);
}

void Device::Step(uint64_t rows) {
  steps_ = std::min(steps_ + rows, kMostSteps);
  asked_.reset();
}

void Device::NoteInventory() {
  const auto memory = ColumnSet({Column::kMemoryUsed, Column::kMemoryFree});
  if (inventory_done_ || steps_ > 0 || asked_.none() || (asked_ & ~memory).any()) return;
  asked_.reset();
  inventory_done_ = true;
}

void Device::BeginRowIfAsked(std::span<const Column> columns) {
  std::bitset<kColumnCount> asking;
  for (const Column column : columns) {
    if (!IsFixed(column)) asking.set(static_cast<size_t>(column));
  }
  if ((asked_ & asking).any()) Step(1);
  asked_ |= asking;
}

void Device::Locate(int64_t elapsed_ns) {
  const bool by_clock = step_ == StepMode::kClock;
  elapsed_ns_ = elapsed_ns;
  if (epoch_us_ == 0)
    epoch_us_ = by_clock ? WallMicroseconds() - elapsed_ns / 1000 : kSteppedEpochUs;
  if (replay_ == nullptr) {
    time_ns_ = by_clock ? elapsed_ns : static_cast<int64_t>(steps_) * kModelledRowNs;
    return;
  }
  const Replay::Position position =
      by_clock ? replay_->AtTime(elapsed_ns) : replay_->AfterSteps(steps_);
  row_ = position.row;
  time_ns_ = position.time_ns;
  ended_ = position.ended;
}

}  // namespace gpuring::simulator
