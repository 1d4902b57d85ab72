// The metrics of one tier of one device as columns, and the index that answers any window of them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "aggregate/column_layout.h"
#include "aggregate/ring_guard.h"
#include "core/cell_array.h"
#include "core/sample.h"

namespace gpuring {

struct ColumnsShape {
  Tier tier = Tier::kFast;
  uint64_t capacity = 1;        // samples, at least 1
  uint64_t first_sequence = 1;  // of the first sample to be appended
};

// Thread rules: Append and CatchUp from one thread, everything else from any. Only the creation
// allocates. An Append costs the same however much is stored; those that begin a block of 64, 256
// or 2048 samples write the sums or counts so far as well.
class MetricColumns {
 public:
  // Memory of all cells.
  [[nodiscard]] static constexpr uint64_t Bytes(const ColumnsShape& shape) {
    return LayoutOf(shape.tier, shape.capacity).cells * sizeof(uint64_t);
  }
  // What one more sample takes where there are many, rounded up.
  [[nodiscard]] static constexpr uint64_t BytesPerSample(Tier tier) {
    constexpr uint64_t kMany = uint64_t{1} << 24;
    const uint64_t bytes = Bytes({tier, 2 * kMany, 1}) - Bytes({tier, kMany, 1});
    return (bytes + kMany - 1) / kMany;
  }
  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<MetricColumns> Allocate(const ColumnsShape& shape);

  [[nodiscard]] Tier tier() const { return tier_; }
  [[nodiscard]] uint64_t capacity() const { return capacity_; }
  // Sequence of the newest sample, below first() while there is none.
  [[nodiscard]] uint64_t Newest() const { return guard_.Newest(); }
  // Sequence of the first sample that was ever appended.
  [[nodiscard]] uint64_t first() const { return first_; }

  // Only start_ns, wall_us, and states and values of the tier's metrics are looked at; estimated
  // counts as known. A value holds until the next sample, at most for `hold_ns`.
  void Append(const Sample& sample, int64_t hold_ns);
  // Appends what `other` holds and this one does not yet. Where `other` has overwritten what comes
  // next, this one begins anew with the oldest that is left.
  // REQUIRES: the same tier; nobody reads this one; its samples, if any, came from `other`.
  void CatchUp(const MetricColumns& other);

  // For readers: the memory, and whether what was read of it can be believed.
  [[nodiscard]] const StdAtomics::Cell* cells() const { return cells_.get(); }
  [[nodiscard]] const ColumnLayout& layout() const { return layout_; }
  [[nodiscard]] bool StillThere(uint64_t oldest) const {
    return guard_.StillThere(oldest, layout_.physical);
  }

 private:
  using Values = std::array<uint64_t, kMostTierMetrics>;
  struct Entry {
    int64_t monotonic_us = 0;
    int64_t wall_us = 0;
    int64_t hold_us = 0;
    Values offsets{};  // from the metrics' minima, or kUnknownOffset
  };
  // What the writer knows of all samples of one metric up to now; nobody else looks at it.
  struct Running {
    uint64_t known = 0;
    uint64_t covered = 0;
    uint64_t last_known = 0;  // sequence; 0: none
    uint64_t last_known_offset = 0;
    uint64_t last_offset = kUnknownOffset;  // of the newest sample
    uint128_t sum = 0;
    uint128_t square = 0;
    uint128_t held = 0;
    uint128_t increase = 0;
    std::array<uint64_t, kExtremeSpans.size()> least{};
    std::array<uint64_t, kExtremeSpans.size()> greatest{};
    std::vector<uint32_t> counts{};
  };

  MetricColumns(CellArray cells, const ColumnsShape& shape);

  [[nodiscard]] MetricRange metrics() const { return kTierMetrics[static_cast<size_t>(tier_)]; }
  [[nodiscard]] const ColumnForm& FormAt(size_t i) const {
    return kColumnForms[metrics().begin + i];
  }
  void BeginAt(uint64_t sequence);
  void Push(const Entry& entry);
  void PushMetric(size_t i, uint64_t offset, uint64_t interval_us);
  void Accumulate(size_t i, uint64_t offset, uint64_t interval_us);
  void WriteRows(size_t i);
  void WriteExtremes(size_t i, uint64_t offset);
  [[nodiscard]] bool CopyEntry(const MetricColumns& other, uint64_t sequence);
  struct Part {
    size_t bits;
    size_t at;
    uint64_t value;
  };
  void StorePart(size_t cell, const Part& part);
  void Store(size_t cell, uint64_t value) { cells_[cell].Store(value, Order::kRelaxed); }

  const Tier tier_;
  const uint64_t capacity_;
  const ColumnLayout layout_;
  CellArray cells_;
  RingGuard<StdAtomics> guard_;
  uint64_t first_;

  // The writer's own.
  uint64_t next_;
  uint64_t slot_ = 0;  // of next_
  int64_t last_monotonic_us_ = 0;
  int64_t last_hold_us_ = 0;
  std::vector<Running> running_;
};

}  // namespace gpuring
