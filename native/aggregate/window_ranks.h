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
  static constexpr size_t kMost = 2 * kMostPercentiles;  // linear ones lie between two

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
  std::array<uint64_t, kMost> ranks_{};
  std::array<uint64_t, kMost> offsets_{};
};

// A metric in the windows of some column sets, as one pool.
struct Pool {
  size_t metric = 0;
  std::span<const MetricColumns* const> columns{};
  std::span<const ColumnWindow> windows{};  // one for each of them
};

// How often each value of a narrow metric comes; the last number is void.
using NarrowCounts = std::array<uint32_t, kNarrowValues + 1>;
void CountNarrow(const Pool& pool, NarrowCounts* counts);
[[nodiscard]] Extremes ExtremesOf(const NarrowCounts& counts, const ColumnForm& form);
void FindNarrow(const NarrowCounts& counts, WantedRanks* wanted);

// Of a wide metric whose extremes in the pool are these. Reads, several times, what blocks have
// values near the wanted ones.
void FindWide(const Pool& pool, const Extremes& extremes, WantedRanks* wanted);

}  // namespace gpuring
