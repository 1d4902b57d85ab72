// What drives a device: how busy it is and what it draws, as pure functions of its own time, so
// that the same seed and the same time always give the same values.
#pragma once

#include <cstdint>
#include <optional>

#include "simulator/boards.h"
#include "simulator/column.h"

namespace gpuring::simulator {

// Times are nanoseconds since the start of the device's world and never negative.
class Workload {
 public:
  virtual ~Workload() = default;

  // 0..1.
  [[nodiscard]] virtual double LoadAt(int64_t time_ns) const = 0;
  [[nodiscard]] virtual double PowerMilliwattsAt(int64_t time_ns) const = 0;
  // Of the second that ends now; before the start the first value held.
  [[nodiscard]] virtual double MeanPowerMilliwattsAt(int64_t time_ns) const = 0;
  // The integral of the power. REQUIRES: from_ns <= to_ns.
  [[nodiscard]] virtual double EnergyMillijoules(int64_t from_ns, int64_t to_ns) const = 0;
  // What a recording says of that time; none where it says nothing.
  [[nodiscard]] virtual std::optional<int64_t> RecordedAt(Column, int64_t) const {
    return std::nullopt;
  }
};

// Power between the idle and the full draw. Drawn power rises steeply first and flattens out.
struct PowerRange {
  double idle_milliwatts;
  double full_milliwatts;
};
[[nodiscard]] PowerRange PowerRangeOf(const Board& board);
[[nodiscard]] double PowerForLoad(const PowerRange& range, double load);
// The inverse, kept within 0..1.
[[nodiscard]] double LoadForPower(const PowerRange& range, double milliwatts);

}  // namespace gpuring::simulator
