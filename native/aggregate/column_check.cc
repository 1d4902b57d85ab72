#include "aggregate/column_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/instruction_set.h"

namespace gpuring {
namespace {

constexpr size_t kBlock = 256;
// All doubles from here on are whole; adding it rounds those below to whole numbers.
constexpr double kWholeFrom = 0x1p52;

// Both count, and both are finite.
struct Bounds {
  double least;
  double most;
  bool must_be_whole;
};

Bounds BoundsOf(const ValueRule& rule) {
  constexpr double kMost = std::numeric_limits<double>::max();
  const double least = rule.above ? std::nextafter(rule.minimum, kMost) : rule.minimum;
  return {std::max(least, -kMost), std::min(rule.maximum, kMost), rule.whole};
}

bool IsGood(double value, const Bounds& bounds) {
  return value >= bounds.least && value <= bounds.most &&
         (!bounds.must_be_whole || std::trunc(value) == value);
}

FaultReason ReasonOf(double value, const Bounds& bounds) {
  if (!std::isfinite(value)) return FaultReason::kNotFinite;
  const bool is_within = value >= bounds.least && value <= bounds.most;
  return is_within ? FaultReason::kInteger : FaultReason::kRange;
}

#define GPURING_KERNEL "aggregate/column_check.inc"
#include "core/each_instruction_set.inc"

constexpr bool (*kHasBadValue[])(std::span<const double>,
                                 const Bounds&) = GPURING_EACH(HasBadValue);
constexpr bool (*kHasDescent[])(std::span<const double>, const double*) = GPURING_EACH(HasDescent);

class Checker {
 public:
  Checker(const ColumnsToCheck& what, InstructionSet set)
      : what_(what), set_(static_cast<size_t>(set)), end_(what.times.size()) {}

  std::optional<ColumnFault> Check() {
    CheckTimes();
    for (size_t i = 0; i < what_.columns.size(); i++) CheckColumn(i);
    if (what_.used != nullptr && what_.total != nullptr) CheckUsed();
    return fault_;
  }

 private:
  // Only what lies before the faults that are known is looked at: each new one is earlier.
  void Found(const ColumnFault& fault) {
    fault_ = fault;
    end_ = fault.position;
  }

  void CheckTimes() {
    const auto times = what_.times;
    if (times.empty()) return;
    if (!std::isfinite(times[0])) return Found({kTimesColumn, 0, FaultReason::kNotFinite});
    if (times[0] < what_.after_ms) return Found({kTimesColumn, 0, FaultReason::kOrder});
    for (size_t at = 1; at < times.size(); at += kBlock) {
      const size_t end = std::min(at + kBlock, times.size());
      // The last is the greatest where none descends.
      const bool is_finite = std::isfinite(times[end - 1]);
      if (is_finite && !kHasDescent[set_](times.subspan(at - 1, end - at), &times[at])) continue;
      for (size_t i = at; i < end; i++) {
        if (!std::isfinite(times[i])) return Found({kTimesColumn, i, FaultReason::kNotFinite});
        if (times[i] < times[i - 1]) return Found({kTimesColumn, i, FaultReason::kOrder});
      }
    }
  }

  void CheckColumn(size_t index) {
    const CheckedColumn& column = what_.columns[index];
    const Bounds bounds = BoundsOf(column.rule);
    const size_t end = std::min(end_, LengthOf(column));
    for (size_t at = 0; at < end; at += kBlock) {
      const size_t block_end = std::min(at + kBlock, end);
      if (!kHasBadValue[set_](column.values.subspan(at, block_end - at), bounds)) continue;
      for (size_t i = at; i < block_end; i++) {
        if (!IsKnown(column, i) || IsGood(column.values[i], bounds)) continue;
        return Found({index, i, ReasonOf(column.values[i], bounds)});
      }
    }
    if (end < end_) Found({index, end, FaultReason::kNotFinite});
  }

  void CheckUsed() {
    const CheckedColumn& used = *what_.used;
    const CheckedColumn& total = *what_.total;
    for (size_t at = 0; at < end_; at += kBlock) {
      const size_t end = std::min(at + kBlock, end_);
      if (!kHasDescent[set_](used.values.subspan(at, end - at), &total.values[at])) continue;
      for (size_t i = at; i < end; i++) {
        if (!IsKnown(used, i) || !IsKnown(total, i) || used.values[i] <= total.values[i]) continue;
        const auto index = static_cast<size_t>(&used - what_.columns.data());
        return Found({index, i, FaultReason::kUsedAboveTotal});
      }
    }
  }

  static size_t LengthOf(const CheckedColumn& column) {
    const size_t values = column.values.size();
    return column.known.empty() ? values : std::min(values, column.known.size());
  }

  static bool IsKnown(const CheckedColumn& column, size_t i) {
    return column.known.empty() || column.known[i] != 0;
  }

  const ColumnsToCheck& what_;
  const size_t set_;
  size_t end_;  // of what no fault lies before
  std::optional<ColumnFault> fault_;
};

}  // namespace

std::optional<ColumnFault> FirstFault(const ColumnsToCheck& what, InstructionSet set) {
  return Checker(what, set).Check();
}

}  // namespace gpuring
