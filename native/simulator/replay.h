// A recorded trace run as a workload: which row holds when, and what its rows say or imply about
// load, power and energy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "simulator/trace.h"
#include "simulator/workload.h"

namespace gpuring::simulator {

enum class AtEnd : uint8_t {
  kLoop,  // begin again
  kHold,  // the last row for good
  kEnd,   // no values any more
};

class Replay : public Workload {
 public:
  // `board` must outlive the replay.
  Replay(std::shared_ptr<const Trace> trace, AtEnd at_end, const Board& board);

  struct Position {
    size_t row;
    int64_t time_ns;  // of the replay: at the row's start, or within it
    bool ended;       // only with AtEnd::kEnd
  };
  [[nodiscard]] Position AtTime(int64_t elapsed_ns) const;
  // After `steps` steps from row to row.
  [[nodiscard]] Position AfterSteps(uint64_t steps) const;

  const Trace& trace() const { return *trace_; }
  double LoadOfRow(size_t row) const { return loads_[row]; }
  double PowerMilliwattsOfRow(size_t row) const { return powers_[row]; }

  double LoadAt(int64_t time_ns) const override;
  double PowerMilliwattsAt(int64_t time_ns) const override;
  double MeanPowerMilliwattsAt(int64_t time_ns) const override;
  double EnergyMillijoules(int64_t from_ns, int64_t to_ns) const override;
  std::optional<int64_t> RecordedAt(Column column, int64_t time_ns) const override;

 private:
  // Values of the first of `columns` that the trace has; a failed cell repeats the one before.
  // Empty when the trace has none of them, or no cell of the one it has was ever good.
  std::vector<double> Series(std::initializer_list<Column> columns) const;
  void DeriveLoadAndPower(const Board& board);
  double EnergySinceStart(int64_t time_ns) const;

  std::shared_ptr<const Trace> trace_;
  AtEnd at_end_;
  std::vector<double> loads_;
  std::vector<double> powers_;
  std::vector<double> energies_;  // mJ from the first row's start to this one's
  double lap_energy_ = 0;         // of the whole trace
};

}  // namespace gpuring::simulator
