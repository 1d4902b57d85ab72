// A sampler that keeps columns beside its histories.
#pragma once

#include <array>
#include <bit>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "aggregate/column_index.h"
#include "aggregate/sampler_questions.h"
#include "check.h"
#include "sampler_rig.h"

namespace gpuring {

inline SamplerOptions WithColumns(SamplerOptions options) {
  options.index_maker = std::make_shared<ColumnIndexMaker>();
  return options;
}

// Where the numbers of a record lie.
inline constexpr size_t kCountAt = 0;
inline constexpr size_t kUnknownAt = 1;
inline constexpr size_t kMinAt = 5;
inline constexpr size_t kMaxAt = 6;
inline constexpr size_t kMeanAt = 7;
inline constexpr size_t kFromAt = 15;
inline constexpr size_t kToAt = 16;

inline const std::vector<double> kSomePercentiles = {0, 50, 99};

using RecordBits = std::vector<uint64_t>;
inline RecordBits BitsOf(std::span<const double> record) {
  RecordBits bits;
  for (const double value : record) bits.push_back(std::bit_cast<uint64_t>(value));
  return bits;
}

inline std::vector<double> Asked(const Sampler& sampler, size_t row, MetricId metric,
                                 const Window& window) {
  std::vector<double> out(kStatisticsDoubles + kSomePercentiles.size());
  const std::array rows = {row};
  const std::array metrics = {metric};
  const RowsQuestion question = {
      .rows = rows, .metrics = metrics, .request = {window, kSomePercentiles}};
  CHECK_EQ(AskRows(sampler, question, out), 1u);
  return out;
}

// Empty: there is none yet.
inline std::vector<double> Told(const WatchedWindow& window, size_t row, size_t slot) {
  std::vector<double> out(window.board()->RecordDoubles());
  return window.board()->Read(row, slot, out) ? out : std::vector<double>();
}

}  // namespace gpuring
