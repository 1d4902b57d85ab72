#include "aggregate/columns.h"

#include <algorithm>
#include <span>
#include <utility>

#include "aggregate/column_reader.h"

namespace gpuring {
namespace {

constexpr int64_t kNsPerUs = 1000;

}  // namespace

std::shared_ptr<MetricColumns> MetricColumns::Allocate(const ColumnsShape& shape) {
  CellArray cells = AllocateCells(LayoutOf(shape.tier, shape.capacity).cells);
  if (cells == nullptr) return nullptr;
  return std::shared_ptr<MetricColumns>(new MetricColumns(std::move(cells), shape));
}

MetricColumns::MetricColumns(CellArray cells, const ColumnsShape& shape)
    : tier_(shape.tier),
      capacity_(shape.capacity),
      layout_(LayoutOf(shape.tier, shape.capacity)),
      cells_(std::move(cells)),
      guard_(cells_.get() + kColumnsClaimWord, cells_.get() + kColumnsHeadWord),
      running_(metrics().size()) {
  Store(kColumnsMagicWord, kColumnsMagic);
  Store(kColumnsTierWord, static_cast<uint64_t>(tier_));
  Store(kColumnsCapacityWord, capacity_);
  for (size_t i = 0; i < running_.size(); i++) {
    if (layout_.CountRows(FormAt(i)) > 0) running_[i].counts.resize(FormAt(i).CountWords() * 2);
  }
  BeginAt(shape.first_sequence);
}

// As new, with `sequence` the first to come.
void MetricColumns::BeginAt(uint64_t sequence) {
  first_ = next_ = sequence;
  slot_ = sequence % layout_.physical;
  last_hold_us_ = 0;
  for (Running& running : running_) {
    std::vector<uint32_t> counts = std::move(running.counts);
    std::ranges::fill(counts, 0);
    running = {};
    running.least.fill(kUnknownOffset);
    running.counts = std::move(counts);
  }
  guard_.Begin(sequence - 1);
  guard_.End(sequence - 1);
}

void MetricColumns::Append(const Sample& sample, int64_t hold_ns) {
  Entry entry;
  entry.monotonic_us = sample.start_ns / kNsPerUs;
  entry.wall_us = std::clamp(sample.wall_us, -kFarthestUs, kFarthestUs);
  entry.hold_us = std::max<int64_t>(hold_ns, 0) / kNsPerUs;
  const size_t begin = metrics().begin;
  for (size_t i = 0; i < running_.size(); i++) {
    const ColumnForm& form = FormAt(i);
    const uint64_t offset =
        static_cast<uint64_t>(sample.values[begin + i]) - static_cast<uint64_t>(form.minimum);
    const bool known = IsKnown(sample.states[begin + i]) && offset <= form.span;
    entry.offsets[i] = known ? offset : kUnknownOffset;
  }
  Push(entry);
}

// The other parts of the cell stay what they are.
inline void MetricColumns::StorePart(size_t cell, const Part& part) {
  const size_t shift = part.at * part.bits;
  const uint64_t mask = ((uint64_t{1} << part.bits) - 1) << shift;
  Store(cell, (cells_[cell].Load(Order::kRelaxed) & ~mask) | part.value << shift);
}

inline void MetricColumns::Accumulate(size_t i, uint64_t offset, uint64_t interval_us) {
  Running& running = running_[i];
  const ColumnForm& form = FormAt(i);
  if (running.last_offset != kUnknownOffset) {
    running.covered += interval_us;
    running.held += static_cast<uint128_t>(running.last_offset) * interval_us;
  }
  running.last_offset = offset;
  if (offset == kUnknownOffset) return;
  running.known++;
  running.sum += offset;
  running.square += static_cast<uint128_t>(offset) * offset;
  if (form.counter && running.last_known != 0) {
    running.increase += GrowthOf(form, running.last_known_offset, offset);
  }
  running.last_known = next_;
  running.last_known_offset = offset;
  if (!running.counts.empty()) running.counts[form.narrow ? offset : BucketOf(offset)]++;
}

// Each level when it is complete, into its node and the level above.
inline void MetricColumns::WriteExtremes(size_t i, uint64_t offset) {
  Running& running = running_[i];
  uint64_t least = offset;
  uint64_t greatest = offset == kUnknownOffset ? 0 : offset;
  for (size_t level = 0; level < kExtremeSpans.size(); level++) {
    running.least[level] = least = std::min(running.least[level], least);
    running.greatest[level] = greatest = std::max(running.greatest[level], greatest);
    if ((next_ + 1) % kExtremeSpans[level] != 0) return;
    if (const uint64_t nodes = layout_.extreme_nodes[level]; nodes > 0) {
      const size_t node =
          layout_.places[i].extremes[level] + 2 * (next_ / kExtremeSpans[level] % nodes);
      Store(node, least);
      Store(node + 1, greatest);
    }
    running.least[level] = kUnknownOffset;
    running.greatest[level] = 0;
  }
}

inline void MetricColumns::PushMetric(size_t i, uint64_t offset, uint64_t interval_us) {
  const size_t values = layout_.places[i].values;
  if (FormAt(i).narrow) {
    StorePart(values + slot_ / 4, {.bits = 16, .at = slot_ % 4, .value = offset & kUnknownCode});
  } else {
    Store(values + slot_, offset);
  }
  Accumulate(i, offset, interval_us);
  if (!FormAt(i).narrow) WriteExtremes(i, offset);
}

// At the beginning of a block: what was before it.
void MetricColumns::WriteRows(size_t i) {
  const Running& running = running_[i];
  const ColumnForm& form = FormAt(i);
  const ColumnPlace& place = layout_.places[i];
  size_t at = place.prefix + next_ / kBlock % layout_.prefix_rows * form.prefix_words;
  Store(at + kPrefixKnown, running.known);
  Store(at + kPrefixCovered, running.covered);
  Store(at + kPrefixLastKnown, running.last_known);
  at += kPrefixSums;
  const std::array<uint128_t, 4> sums = {running.sum, running.square, running.held,
                                         running.increase};
  for (const uint128_t sum : std::span(sums).first(form.counter ? 4 : 3)) {
    Store(at++, static_cast<uint64_t>(sum));
    if (!form.narrow) Store(at++, static_cast<uint64_t>(sum >> 64));
  }
  if (running.counts.empty() || next_ % form.CountStride() != 0) return;
  at = place.counts + next_ / form.CountStride() % layout_.CountRows(form) * form.CountWords();
  for (size_t pair = 0; pair < form.CountWords(); pair++) {
    const uint64_t high = running.counts[2 * pair + 1];
    Store(at + pair, running.counts[2 * pair] | high << 32);
  }
}

void MetricColumns::Push(const Entry& entry) {
  // A clock that went back would make times that no search finds.
  const bool first = next_ == first_;
  const int64_t now = first ? entry.monotonic_us : std::max(entry.monotonic_us, last_monotonic_us_);
  const int64_t passed = first ? 0 : now - last_monotonic_us_;
  const auto interval = static_cast<uint64_t>(std::min(passed, last_hold_us_));
  guard_.Begin(next_);
  Store(layout_.monotonic + slot_, static_cast<uint64_t>(now));
  Store(layout_.wall + slot_, static_cast<uint64_t>(entry.wall_us));
  Store(layout_.hold + slot_, static_cast<uint64_t>(entry.hold_us));
  const uint64_t weight = std::min<uint64_t>(interval, kLongWeight);
  StorePart(layout_.weights + slot_ / 2, {.bits = 32, .at = slot_ % 2, .value = weight});
  const bool begins_block = next_ % kBlock == 0;
  for (size_t i = 0; i < running_.size(); i++) {
    if (begins_block) WriteRows(i);
    PushMetric(i, entry.offsets[i], interval);
  }
  guard_.End(next_);
  last_monotonic_us_ = now;
  last_hold_us_ = entry.hold_us;
  next_++;
  slot_ = slot_ + 1 == layout_.physical ? 0 : slot_ + 1;
}

bool MetricColumns::CopyEntry(const MetricColumns& other, uint64_t sequence) {
  const ColumnReader reader(other);
  Entry entry;
  entry.monotonic_us = reader.MonotonicAt(sequence);
  entry.wall_us = reader.WallAt(sequence);
  entry.hold_us = reader.HoldAt(sequence);
  for (size_t i = 0; i < running_.size(); i++) {
    entry.offsets[i] = reader.OffsetAt(metrics().begin + i, sequence);
  }
  if (!other.StillThere(sequence)) return false;
  Push(entry);
  return true;
}

void MetricColumns::CatchUp(const MetricColumns& other) {
  const auto oldest = [&other](uint64_t newest) {
    return std::max(other.first(), newest + 1 - std::min(newest + 1, other.capacity()));
  };
  uint64_t newest = other.Newest();
  while (next_ <= newest) {
    if (next_ < oldest(newest) || !CopyEntry(other, next_)) {
      newest = other.Newest();
      BeginAt(std::max(next_ + 1, oldest(newest)));
    }
    if (next_ > newest) newest = other.Newest();
  }
}

}  // namespace gpuring
