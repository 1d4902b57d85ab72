#include "core/series_log.h"

#include <array>
#include <utility>

#include "core/ring_copy.h"

namespace gpuring {

SeriesLog::SeriesLog(CellArray cells, const RingLayout& layout)
    : cells_(std::move(cells)), ring_(Ring<StdAtomics>::Format(cells_.get(), layout)) {}

std::shared_ptr<SeriesLog> SeriesLog::Allocate(uint64_t capacity, uint64_t first) {
  const RingLayout layout = {capacity, kSeriesWords, first};
  CellArray cells = AllocateCells(layout.Cells());
  if (cells == nullptr) return nullptr;
  return std::shared_ptr<SeriesLog>(new SeriesLog(std::move(cells), layout));
}

void SeriesLog::Append(const SeriesRecord& record) {
  ring_.Push({reinterpret_cast<const uint64_t*>(&record), kSeriesWords});
}

void SeriesLog::CatchUp(const SeriesLog& other) {
  std::array<uint64_t, kSeriesWords> record;
  CopyRing(other.ring_, {cells_.get(), {ring_.capacity(), kSeriesWords, 1}}, &ring_, record);
}

RingRead SeriesLog::Read(uint64_t from_sequence, std::span<SeriesRecord> out) const {
  return ring_.Read(from_sequence,
                    {reinterpret_cast<uint64_t*>(out.data()), out.size() * kSeriesWords});
}

}  // namespace gpuring
