#include "aggregate/window_walks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "aggregate/decay.h"

namespace gpuring {
namespace {

constexpr double kLeastWeight = 0x1p-60;

// The last sample before the window that knows the metric; 0: none is in reach.
uint64_t KnownBefore(const ColumnReader& reader, size_t metric, const ColumnWindow& window) {
  if (!window.HasBefore()) return 0;
  const uint64_t oldest = window.oldest - (window.reaches_back ? 1 : 0);
  const uint64_t block = window.begin / kBlock;
  const uint64_t lowest = std::max(oldest, block * kBlock);
  for (uint64_t at = window.begin; at-- > lowest;) {
    if (reader.OffsetAt(metric, at) != kUnknownOffset) return at;
  }
  if (lowest == oldest) return 0;
  const uint64_t known = reader.LastKnownBefore(metric, block);
  return known >= oldest ? known : 0;
}

int64_t TimeOf(const ColumnReader& reader, const ColumnWindow& window, uint64_t sequence) {
  const bool wall = window.by == WindowBy::kWall;
  return wall ? reader.WallAt(sequence) : reader.MonotonicAt(sequence);
}

bool StillHolds(const ColumnReader& reader, const ColumnWindow& window, uint64_t sequence) {
  const int64_t at = TimeOf(reader, window, sequence);
  if (window.by != WindowBy::kLast && at >= window.from_us) return false;
  return at + reader.HoldAt(sequence) >= window.from_us;
}

// Adds what the counter grew in samples of one block, after the known value `*before`.
uint128_t GrowthIn(const ColumnReader& reader, size_t metric, const SampleRange& range,
                   uint64_t* before) {
  std::array<uint64_t, kBlock> offsets;
  reader.CopyOffsets(metric, range, offsets.data());
  uint128_t growth = 0;
  for (size_t i = 0; i < range.to - range.from; i++) {
    if (offsets[i] == kUnknownOffset) continue;
    growth += GrowthOf(kColumnForms[metric], *before, offsets[i]);
    *before = offsets[i];
  }
  return growth;
}

}  // namespace

Growth GrowthSince(const ColumnReader& reader, size_t metric, const ColumnWindow& window,
                   uint64_t first) {
  Growth growth = {0, first};
  uint128_t& increase = growth.increase;
  uint64_t value = reader.OffsetAt(metric, first);
  const bool begins_later = TimeOf(reader, window, first) > window.from_us;
  const uint64_t before = begins_later ? KnownBefore(reader, metric, window) : 0;
  if (before != 0 && StillHolds(reader, window, before)) {
    increase += GrowthOf(kColumnForms[metric], reader.OffsetAt(metric, before), value);
    growth.since = before;
  }
  const uint64_t from_block = first / kBlock + 1;
  const uint64_t to_block = (window.end - 1) / kBlock;
  if (to_block < from_block) {
    increase += GrowthIn(reader, metric, {first + 1, window.end}, &value);
    return growth;
  }
  increase += GrowthIn(reader, metric, {first + 1, from_block * kBlock}, &value);
  increase += reader.IncreaseBefore(metric, to_block) - reader.IncreaseBefore(metric, from_block);
  value = reader.OffsetAt(metric, reader.LastKnownBefore(metric, to_block));
  increase += GrowthIn(reader, metric, {to_block * kBlock, window.end}, &value);
  return growth;
}

double EwmaOf(const ColumnReader& reader, size_t metric, const EwmaQuestion& question) {
  const auto constant = static_cast<double>(question.time_constant_us);
  const int64_t end = reader.MonotonicAt(question.last);
  const auto minimum = static_cast<double>(kColumnForms[metric].minimum);
  double value = static_cast<double>(reader.OffsetAt(metric, question.last)) + minimum;
  int64_t at = end;
  double left = 1;  // the weights of this value and of all before it
  double mean = 0;
  for (uint64_t sequence = question.last; sequence > question.first && left >= kLeastWeight;) {
    const uint64_t earlier = reader.OffsetAt(metric, --sequence);
    if (earlier == kUnknownOffset) continue;
    const int64_t earlier_at = reader.MonotonicAt(sequence);
    mean -= left * std::expm1(static_cast<double>(earlier_at - at) / constant) * value;
    left = std::exp(static_cast<double>(earlier_at - end) / constant);
    value = static_cast<double>(earlier) + minimum;
    at = earlier_at;
  }
  return mean + left * value;
}

}  // namespace gpuring
