// The ring of one series of one device: what the driver measured between two polls.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "core/cell_array.h"
#include "core/ring.h"

namespace gpuring {

// One record of a series. 64-bit words only.
struct SeriesRecord {
  int64_t time_ns = 0;  // monotonic clock, when it was measured
  int64_t wall_us = 0;  // Unix time of that
  int64_t value = 0;    // raw
  uint64_t polled = 0;  // 1: the snapshot call, because the driver's buffer had nothing
};
inline constexpr size_t kSeriesWords = sizeof(SeriesRecord) / sizeof(uint64_t);
static_assert(std::is_trivially_copyable_v<SeriesRecord>);
static_assert(sizeof(SeriesRecord) % sizeof(uint64_t) == 0);

// Thread rules: as History.
class SeriesLog {
 public:
  static constexpr uint64_t kRecordBytes = (1 + kSeriesWords) * sizeof(uint64_t);

  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<SeriesLog> Allocate(uint64_t capacity, uint64_t first);

  [[nodiscard]] uint64_t NextSequence() const { return ring_.NextSequence(); }
  void Append(const SeriesRecord& record);
  // REQUIRES: as History::CatchUp.
  void CatchUp(const SeriesLog& other);
  [[nodiscard]] RingRead Read(uint64_t from_sequence, std::span<SeriesRecord> out) const;

 private:
  SeriesLog(CellArray cells, const RingLayout& layout);

  CellArray cells_;
  Ring<StdAtomics> ring_;
};

}  // namespace gpuring
