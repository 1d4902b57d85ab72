// Where the first bad sample of random columns is, against a plain look at every one.
#include <algorithm>
#include <cmath>
#include <random>

#include "aggregate/column_check.h"
#include "check.h"

namespace gpuring {
namespace {

using Values = std::vector<double>;
using Random = std::mt19937_64;

bool IsBad(const CheckedColumn& column, size_t i, FaultReason* reason) {
  if (!column.known.empty() && column.known[i] == 0) return false;
  const double value = column.values[i];
  const ValueRule& rule = column.rule;
  const bool is_low = rule.above ? value <= rule.minimum : value < rule.minimum;
  if (!std::isfinite(value)) {
    *reason = FaultReason::kNotFinite;
  } else if (is_low || value > rule.maximum) {
    *reason = FaultReason::kRange;
  } else if (rule.whole && std::floor(value) != value) {
    *reason = FaultReason::kInteger;
  } else {
    return false;
  }
  return true;
}

std::optional<ColumnFault> NaiveFault(const ColumnsToCheck& what) {
  const auto is_known = [](const CheckedColumn& column, size_t i) {
    return column.known.empty() || column.known[i] != 0;
  };
  for (size_t i = 0; i < what.times.size(); i++) {
    const double before = i == 0 ? what.after_ms : what.times[i - 1];
    if (!std::isfinite(what.times[i])) return ColumnFault{kTimesColumn, i, FaultReason::kNotFinite};
    if (what.times[i] < before) return ColumnFault{kTimesColumn, i, FaultReason::kOrder};
    for (size_t column = 0; column < what.columns.size(); column++) {
      FaultReason reason{};
      if (IsBad(what.columns[column], i, &reason)) return ColumnFault{column, i, reason};
    }
    if (what.used == nullptr || !is_known(*what.used, i) || !is_known(*what.total, i)) continue;
    if (what.used->values[i] <= what.total->values[i]) continue;
    const auto used = static_cast<size_t>(what.used - what.columns.data());
    return ColumnFault{used, i, FaultReason::kUsedAboveTotal};
  }
  return std::nullopt;
}

std::string Show(const std::optional<ColumnFault>& fault) {
  if (!fault) return "none";
  return std::to_string(static_cast<int64_t>(fault->column)) + " at " +
         std::to_string(fault->position) + " " +
         kFaultReasonNames[static_cast<size_t>(fault->reason)];
}

void CheckOnEverySet(const ColumnsToCheck& what) {
  const std::string expected = Show(NaiveFault(what));
  for (size_t i = 0; i < kInstructionSetNames.size(); i++) {
    const auto set = static_cast<InstructionSet>(i);
    if (HasInstructionSet(set)) CHECK_EQ(Show(FirstFault(what, set)), expected);
  }
}

// Columns without a fault: a share, a whole number, one above 0 with unknown values, used and
// total.
struct Columns {
  static constexpr size_t kUsed = 3;
  static constexpr size_t kTotal = 4;

  explicit Columns(size_t count, Random& random) : times(count), values(5, Values(count)) {
    double now = 1e12;
    for (size_t i = 0; i < count; i++) {
      now += static_cast<double>(random() % 3) / 8;
      times[i] = now;
      values[0][i] = static_cast<double>(random() % 1001) / 10;
      values[1][i] = static_cast<double>(random() % 3 == 0 ? random() >> 11 : random() % 100);
      known.push_back(random() % 4 != 0);
      values[2][i] = known[i] ? 5e-324 + static_cast<double>(random() % 9) : std::nan("");
      values[kTotal][i] = static_cast<double>(random() % 1000);
      values[kUsed][i] = static_cast<double>(random() % 1000);
      if (values[kUsed][i] > values[kTotal][i]) std::swap(values[kUsed][i], values[kTotal][i]);
    }
  }

  ColumnsToCheck Question() {
    checked = {{values[0], {}, {0, 100, false, false}},
               {values[1], {}, {0, 9007199254740991, false, true}},
               {values[2], known, {0, HUGE_VAL, true, false}},
               {values[kUsed], {}, {0, HUGE_VAL, false, true}},
               {values[kTotal], {}, {0, HUGE_VAL, false, true}}};
    return {times, 1e12, checked, &checked[kUsed], &checked[kTotal]};
  }

  Values times;
  std::vector<Values> values;
  std::vector<uint8_t> known;
  std::vector<CheckedColumn> checked;
};

TEST("columns without a fault have none") {
  Random random(1);
  for (const size_t count : {0, 1, 2, 7, 255, 256, 257, 5000}) {
    Columns columns(count, random);
    CHECK_EQ(Show(FirstFault(columns.Question())), "none");
    CheckOnEverySet(columns.Question());
  }
}

TEST("the first of several faults is found, whatever they are") {
  const double bad[] = {std::nan(""), HUGE_VAL, -HUGE_VAL, -1,    100.5,
                        0.5,          0,        -5e-324,   1e300, 0x1p53};
  Random random(2);
  for (int round = 0; round < 3000; round++) {
    Columns columns(1 + random() % 700, random);
    const size_t count = columns.times.size();
    for (size_t faults = 1 + random() % 3; faults > 0; faults--) {
      const size_t column = random() % (columns.values.size() + 1);
      Values& values = column < columns.values.size() ? columns.values[column] : columns.times;
      values[random() % count] = bad[random() % std::size(bad)];
    }
    CheckOnEverySet(columns.Question());
  }
}

TEST("a single fault is found at every position") {
  Random random(3);
  for (size_t position = 0; position < 600; position++) {
    Columns columns(600, random);
    columns.values[1][position] += 0.25;
    if (columns.values[1][position] > 1e9) columns.values[1][position] = 0.25;
    const auto fault = FirstFault(columns.Question());
    CHECK_EQ(Show(fault), "1 at " + std::to_string(position) + " integer");
    CheckOnEverySet(columns.Question());
  }
}

TEST("times may be equal, not descend, and not begin too early") {
  const Values times = {5, 5, 6, 6};
  CHECK_EQ(Show(FirstFault({.times = times})), "none");
  CHECK_EQ(Show(FirstFault({.times = times, .after_ms = 5})), "none");
  CHECK_EQ(Show(FirstFault({.times = times, .after_ms = 5.5})), "-1 at 0 order");
  CHECK_EQ(Show(FirstFault({.times = Values{5, 4}})), "-1 at 1 order");
}

TEST("a column that ends early is not finite there") {
  const Values times = {1, 2, 3};
  const Values values = {1, 2};
  const CheckedColumn columns[] = {{.values = values, .rule = {0, 9}}};
  CHECK_EQ(Show(FirstFault({.times = times, .columns = columns})), "0 at 2 not-finite");
  const uint8_t known[] = {1};
  const CheckedColumn marked[] = {{.values = times, .known = known, .rule = {0, 9}}};
  CHECK_EQ(Show(FirstFault({.times = times, .columns = marked})), "0 at 1 not-finite");
}

}  // namespace
}  // namespace gpuring
