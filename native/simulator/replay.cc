#include "simulator/replay.h"

#include <algorithm>
#include <utility>

namespace gpuring::simulator {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// Some 95 years: replays do not run further, so that times cannot overflow.
constexpr int64_t kLatestNs = 3'000'000'000 * kSecondNs;

double Energy(double milliwatts, int64_t duration_ns) {
  return milliwatts * (static_cast<double>(duration_ns) / kSecondNs);
}

}  // namespace

Replay::Replay(std::shared_ptr<const Trace> trace, AtEnd at_end, const Board& board)
    : trace_(std::move(trace)), at_end_(at_end) {
  DeriveLoadAndPower(board);
  const std::vector<int64_t>& starts = trace_->starts_ns();
  energies_.push_back(0);
  for (size_t row = 1; row < starts.size(); ++row) {
    const double energy = Energy(powers_[row - 1], starts[row] - starts[row - 1]);
    energies_.push_back(energies_.back() + energy);
  }
  lap_energy_ = energies_.back() + Energy(powers_.back(), trace_->median_gap_ns());
}

std::vector<double> Replay::Series(std::initializer_list<Column> columns) const {
  for (const Column column : columns) {
    if (!trace_->Has(column)) continue;
    std::vector<double> values(trace_->row_count());
    size_t first_good = trace_->row_count();
    for (size_t row = 0; row < values.size(); ++row) {
      const Answer answer = trace_->At(column, row);
      const bool good = answer.result == NVML_SUCCESS;
      if (good) first_good = std::min(first_good, row);
      values[row] = good ? static_cast<double>(answer.value) : row == 0 ? 0 : values[row - 1];
    }
    if (first_good == values.size()) continue;
    std::fill_n(values.begin(), first_good, values[first_good]);
    return values;
  }
  return {};
}

void Replay::DeriveLoadAndPower(const Board& board) {
  loads_ = Series({Column::kUtilizationGpu});
  for (double& load : loads_) load = std::clamp(load / 100, 0.0, 1.0);
  powers_ = Series({Column::kPowerDrawInstant, Column::kPowerDraw, Column::kPowerDrawAverage});
  PowerRange range = PowerRangeOf(board);
  if (!powers_.empty()) {
    const auto [least, most] = std::minmax_element(powers_.begin(), powers_.end());
    // A board of another vendor idles and peaks elsewhere than ours: believe the recording,
    // unless it never was idle.
    if (*least < 1.5 * range.idle_milliwatts) range.idle_milliwatts = *least;
    range.full_milliwatts = std::max(range.full_milliwatts, *most);
  }
  if (loads_.empty()) {
    for (const double power : powers_) loads_.push_back(LoadForPower(range, power));
  }
  loads_.resize(trace_->row_count());
  if (powers_.empty()) {
    for (const double load : loads_) powers_.push_back(PowerForLoad(range, load));
  }
}

Replay::Position Replay::AtTime(int64_t elapsed_ns) const {
  const std::vector<int64_t>& starts = trace_->starts_ns();
  const int64_t length = trace_->length_ns();
  int64_t local = elapsed_ns;
  if (elapsed_ns >= length) {
    if (at_end_ == AtEnd::kEnd) return {starts.size() - 1, elapsed_ns, true};
    local = at_end_ == AtEnd::kLoop ? elapsed_ns % length : length - 1;
  }
  const auto after = std::upper_bound(starts.begin(), starts.end(), local);
  return {static_cast<size_t>(after - starts.begin()) - 1, elapsed_ns, false};
}

Replay::Position Replay::AfterSteps(uint64_t steps) const {
  const std::vector<int64_t>& starts = trace_->starts_ns();
  const uint64_t rows = starts.size();
  if (at_end_ == AtEnd::kLoop) {
    const auto latest_lap = static_cast<uint64_t>(kLatestNs / trace_->length_ns());
    const auto lap = static_cast<int64_t>(std::min(steps / rows, latest_lap));
    const size_t row = steps % rows;
    return {row, lap * trace_->length_ns() + starts[row], false};
  }
  if (steps < rows) return {steps, starts[steps], false};
  const int64_t gap = trace_->median_gap_ns();
  const auto latest_step = static_cast<uint64_t>(kLatestNs / gap);
  const auto beyond = static_cast<int64_t>(std::min(steps - (rows - 1), latest_step));
  return {rows - 1, starts.back() + beyond * gap, at_end_ == AtEnd::kEnd};
}

double Replay::LoadAt(int64_t time_ns) const { return loads_[AtTime(time_ns).row]; }

double Replay::PowerMilliwattsAt(int64_t time_ns) const { return powers_[AtTime(time_ns).row]; }

double Replay::MeanPowerMilliwattsAt(int64_t time_ns) const {
  const int64_t before = std::max(kSecondNs - time_ns, int64_t{0});
  const double energy = EnergyMillijoules(time_ns - (kSecondNs - before), time_ns);
  return energy + Energy(powers_.front(), before);  // over one second: mJ is mW
}

double Replay::EnergyMillijoules(int64_t from_ns, int64_t to_ns) const {
  return EnergySinceStart(to_ns) - EnergySinceStart(from_ns);
}

std::optional<int64_t> Replay::RecordedAt(Column column, int64_t time_ns) const {
  if (!trace_->Has(column)) return std::nullopt;
  const Answer answer = trace_->At(column, AtTime(time_ns).row);
  return answer.result == NVML_SUCCESS ? std::optional(answer.value) : std::nullopt;
}

double Replay::EnergySinceStart(int64_t time_ns) const {
  const int64_t length = trace_->length_ns();
  if (time_ns >= length && at_end_ != AtEnd::kLoop) {
    return lap_energy_ + Energy(powers_.back(), time_ns - length);
  }
  const size_t row = AtTime(time_ns).row;
  const int64_t into_row = time_ns % length - trace_->starts_ns()[row];
  return static_cast<double>(time_ns / length) * lap_energy_ + energies_[row] +
         Energy(powers_[row], into_row);
}

}  // namespace gpuring::simulator
