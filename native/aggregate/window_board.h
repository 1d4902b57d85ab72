// What a registered window says of every row, where JavaScript reads it in place.
//
// 64-bit words. A row has a slot for each metric of the window: a lock word, as a row of the
// published block has, then the doubles of a record (statistics.h). JavaScript reads a slot as it
// reads such a row (core/published_block.h). The lock is 0 until the slot is first written; a
// record whose ends are absent says that the row's device has nothing yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "aggregate/columns.h"
#include "aggregate/statistics.h"
#include "core/cell_array.h"
#include "core/sequence_lock.h"

namespace gpuring {

// A window that ends at each device's newest sample.
struct WindowSpec {
  std::vector<MetricId> metrics;
  int64_t length_us = 0;
  std::vector<double> percentiles;  // at most kMostPercentiles
  PercentileMethod method = PercentileMethod::kNearestRank;
  int64_t ewma_us = 0;
};

// The columns of one tier of a row, as of their newest sample.
struct RowColumns {
  size_t row = 0;
  const MetricColumns* columns = nullptr;
  int64_t newest_us = 0;  // monotonic
};

// Shared by who writes it and every ArrayBuffer over it: whoever lets go last frees it.
// Thread rules: Update and Clear by one thread at a time, everything else by any. Only the creation
// allocates.
class WindowBoard {
 public:
  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<WindowBoard> Allocate(WindowSpec spec);

  // Asks the columns, and writes the slots of the metrics of their tier.
  void Update(const RowColumns& newest);
  // What was written of the row is of a device that has gone.
  void Clear(size_t row);

  // Copies the doubles of a record. False: it was never written, there is no such slot or not
  // enough room, or the writer was in the way every time.
  [[nodiscard]] bool Read(size_t row, size_t slot, std::span<double> out) const;

  [[nodiscard]] size_t RecordDoubles() const {
    return kStatisticsDoubles + spec_.percentiles.size();
  }
  [[nodiscard]] size_t SlotWords() const { return 1 + RecordDoubles(); }
  [[nodiscard]] size_t RowWords() const;  // from one row to the next
  // The memory for an ArrayBuffer. C++ itself goes through the cells.
  [[nodiscard]] uint64_t* words() { return reinterpret_cast<uint64_t*>(cells_.get()); }
  [[nodiscard]] size_t byte_size() const;

 private:
  explicit WindowBoard(WindowSpec spec) : spec_(std::move(spec)) {}

  [[nodiscard]] SequenceLock<StdAtomics> LockOf(size_t row, size_t slot) const;
  void Write(size_t row, size_t slot, std::span<const double> record);

  const WindowSpec spec_;
  CellArray cells_;
};

}  // namespace gpuring
