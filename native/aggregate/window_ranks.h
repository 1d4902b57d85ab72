// Exact order statistics of one metric over the windows of several column sets.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "aggregate/column_reader.h"
#include "aggregate/column_window.h"
#include "aggregate/statistics.h"

namespace gpuring {

// A rank is a position among the sorted known values, from 0 on.
class WantedRanks {
 public:
  // Linear percentiles lie between two; and the least and the greatest.
  static constexpr size_t kMost = 2 * kMostPercentiles + 2;

  // REQUIRES: at most kMost are added.
  void Add(uint64_t rank) { ranks_[count_++] = rank; }
  // Ascending, each once. REQUIRES: nothing is added later.
  void Sort();

  [[nodiscard]] std::span<const uint64_t> ranks() const { return {ranks_.data(), count_}; }
  // In the order of ranks().
  [[nodiscard]] std::span<uint64_t> offsets() { return {offsets_.data(), count_}; }
  // REQUIRES: the rank was added.
  [[nodiscard]] uint64_t OffsetAt(uint64_t rank) const;

 private:
  size_t count_ = 0;
  std::array<uint64_t, kMost> ranks_;
  std::array<uint64_t, kMost> offsets_;
};

// A metric in the windows of some column sets, as one pool.
struct Pool {
  size_t metric = 0;
  std::span<const MetricColumns* const> columns{};
  std::span<const ColumnWindow> windows{};  // one for each of them
};

// The rows of counts whose difference a window begins with. None: to <= from.
struct CountedRows {
  uint64_t from = 0;
  uint64_t to = 0;
};
[[nodiscard]] CountedRows CountedRowsOf(const ColumnReader& reader, size_t metric,
                                        const ColumnWindow& window);

// Of a narrow metric.
void FindNarrow(const Pool& pool, WantedRanks* wanted);

// Of a wide metric whose extremes in the pool are these. Reads, several times, what blocks have
// values near the wanted ones.
void FindWide(const Pool& pool, const Extremes& extremes, WantedRanks* wanted);

}  // namespace gpuring
