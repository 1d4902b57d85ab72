// Which sample of many columns is the first that may not be stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "core/instruction_set.h"

namespace gpuring {

// What values of a column may be. `above`: they must be more than the minimum.
struct ValueRule {
  double minimum = 0;
  double maximum = 0;
  bool above = false;
  bool whole = false;
};

struct CheckedColumn {
  std::span<const double> values{};
  std::span<const uint8_t> known{};  // 0: is not; empty: all are
  ValueRule rule{};
};

struct ColumnsToCheck {
  std::span<const double> times{};                             // finite, never decreasing
  double after_ms = -std::numeric_limits<double>::infinity();  // no time may be before
  std::span<const CheckedColumn> columns{};
  // Of the columns, where used may not be above total where both are known.
  const CheckedColumn* used = nullptr;
  const CheckedColumn* total = nullptr;
};

enum class FaultReason : uint8_t { kNotFinite, kRange, kInteger, kOrder, kUsedAboveTotal };
inline constexpr const char* kFaultReasonNames[] = {"not-finite", "range", "integer", "order",
                                                    "used-above-total"};

inline constexpr size_t kTimesColumn = SIZE_MAX;

struct ColumnFault {
  size_t column = kTimesColumn;
  size_t position = 0;
  FaultReason reason{};
};

// The first sample that is wrong, by position; in one, its time comes first, then the columns, then
// used above total (a fault of the used column). A column that is shorter than the times, or whose
// marks are, is not finite where it ends.
[[nodiscard]] std::optional<ColumnFault> FirstFault(const ColumnsToCheck& what,
                                                    InstructionSet set = BestInstructionSet());

}  // namespace gpuring
