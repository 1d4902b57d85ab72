// One simulated device: which row of its trace holds, what was recorded, and a model of the rest.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "simulator/answer.h"
#include "simulator/column.h"
#include "simulator/dynamics.h"
#include "simulator/overrides.h"
#include "simulator/processes.h"
#include "simulator/scenario.h"

namespace gpuring::simulator {

// A device without a trace steps this far: a row of its own.
inline constexpr int64_t kModelledRowNs = 100'000'000;
// 2026-01-01 00:00 UTC.
inline constexpr int64_t kSteppedEpochUs = 1'767'225'600'000'000;

class Device {
 public:
  // `seed` is the device's own. Time starts at zero.
  Device(const DevicePlan& plan, StepMode step, uint64_t seed);

  const Board& board() const { return board_; }
  const Trace* trace() const { return trace_.get(); }  // null: modelled throughout

  bool Records(Column column) const { return trace_ != nullptr && trace_->Has(column); }
  // Recorded, or the board has it: else every answer is NVML_ERROR_NOT_SUPPORTED.
  bool Offers(Column column) const;

  // Brings the device to this moment: what follows is told of it. `elapsed_ns` as below.
  void GoTo(int64_t elapsed_ns);
  int64_t time_ns() const { return time_ns_; }
  // A question as Read() takes it, at the moment of GoTo().
  Answer Ask(Column column);
  // Likewise, but no question: of what is worked out from a column, or told in two ways.
  Answer Peek(Column column) { return Now(column); }
  // As it was or will be, without memory: recordings, what was set, and what follows from the load
  // alone. Not for what heat and allocated memory are modelled of.
  Answer ValueAt(Column column, int64_t time_ns) const;
  // mJ, whatever was set.
  int64_t OwnEnergy();
  Counters counters() const { return dynamics_.counters(); }
  const Activity& activity() const { return dynamics_.activity(); }
  // The driver's clock in microseconds since 1970. Where the rows are stepped by hand or by
  // questions, it begins at kSteppedEpochUs, so that it says the same in every run.
  int64_t DriverTimeUs(int64_t time_ns) const;

  // Takes effect at the moment of GoTo(). Counters go on from what they are set to.
  void Set(std::span<const ValueChange> changes);
  const Overrides& overrides() const { return overrides_; }
  void SetProcesses(std::vector<Process> processes) { processes_ = std::move(processes); }
  const std::vector<Process>& processes() const { return processes_; }

  // `elapsed_ns` since the world's start counts with StepMode::kClock alone; it never goes back.
  // Several columns of one row. REQUIRES: spans of equal size.
  void Read(std::span<const Column> columns, int64_t elapsed_ns, std::span<Answer> answers);
  void Step(uint64_t rows);
  // A question about what never changes was asked. A client's inventory reads the memory's size
  // with it; that is no round yet, so memory may be asked once more in the first row.
  void NoteInventory();

 private:
  void Locate(int64_t elapsed_ns);
  void BeginRowIfAsked(std::span<const Column> columns);
  Answer Now(Column column);

  // A time, with what must be known of it to model clocks and utilisation.
  struct Moment {
    int64_t time_ns;
    size_t row;
    double load;
    bool awake;
  };
  Moment Present() const;
  Moment MomentAt(int64_t time_ns) const;
  bool WasAwake(int64_t time_ns, size_t row) const;
  Answer Bounded(Column column, int64_t value) const;
  int64_t Recall(Column column, const Moment& moment) const;

  int64_t Model(Column column);
  int64_t ModelEnergy();
  int64_t ModelMemory(Column column);
  int64_t UsedMemory(int64_t usable) const;
  int64_t ModelPower(Column column) const;
  int64_t ModelClock(Column column, const Moment& moment) const;
  int64_t ModelUtilization(Column column, const Moment& moment) const;
  int64_t ModelTemperature(Column column);
  int64_t ModelEventReasons();
  int64_t ModelFanSpeed();
  int64_t ModelPcieGeneration() const;

  // The recorded value of the row, or `otherwise` where there is none or it is an error.
  int64_t RecordedOr(Column column, int64_t otherwise) const {
    return RecordedOr(column, row_, otherwise);
  }
  int64_t RecordedOr(Column column, size_t row, int64_t otherwise) const;
  int64_t ProcessMemory() const;
  double Load() const;
  bool Awake() const;
  double TemperatureCelsius() const;
  double Noise(int64_t time_ns, int64_t refresh_ns, uint64_t purpose) const;

  const Board& board_;
  std::shared_ptr<const Trace> trace_;
  StepMode step_;
  uint64_t seed_;
  std::unique_ptr<Workload> workload_;
  const Replay* replay_ = nullptr;  // workload_, when there is a trace
  Dynamics dynamics_;

  uint64_t steps_ = 0;
  std::bitset<kColumnCount> asked_;  // in this row
  bool inventory_done_ = false;
  size_t row_ = 0;
  int64_t time_ns_ = 0;
  bool ended_ = false;
  int64_t energy_ = 0;
  int64_t elapsed_ns_ = 0;
  int64_t epoch_us_ = 0;  // 0: not begun yet
  Overrides overrides_;
  std::vector<Process> processes_;
};

}  // namespace gpuring::simulator
