#include "aggregate/window_ranks.h"

#include <algorithm>

namespace gpuring {
namespace {

// Equal values one after the other would wait for each other's increment; lanes do not.
constexpr size_t kLanes = 4;
// Counts are added up so many at a time, for the compiler to turn into vectors.
constexpr size_t kGroup = 16;
static_assert((kNarrowValues + 1) % kGroup == 0);
// How often each value comes. What is unknown is counted as one value more.
using Counts = std::array<uint32_t, kNarrowValues + 1>;
using Lanes = std::array<std::array<uint16_t, kNarrowValues + 1>, kLanes>;

size_t PaddedCounts(size_t metric) {
  return kColumnForms[metric].counts / kGroup * kGroup + kGroup;
}

// Samples next to each other, of any number of blocks; none where range.to is not after range.from.
template <int kStep>
void CountSamples(const ColumnReader& reader, size_t metric, SampleRange range, Lanes* lanes) {
  const auto void_code = static_cast<uint16_t>(kColumnForms[metric].counts);
  ColumnReader::Codes copy;
  while (range.from < range.to) {
    const uint64_t end = std::min(range.to, (range.from / kBlock + 1) * kBlock);
    const uint16_t* const codes = reader.CopyCodes(metric, {range.from, end}, &copy);
    const size_t count = end - range.from;
    const auto add = [&](size_t i, size_t lane) {
      (*lanes)[lane][std::min(codes[i], void_code)] += kStep;
    };
    size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      for (size_t lane = 0; lane < kLanes; lane++) add(i + lane, lane);
    }
    for (; i < count; i++) add(i, i % kLanes);
    range.from = end;
  }
}

// What lanes count may be negative in all.
void AddGroup(const Lanes& lanes, const Counts& between, size_t begin, Counts* counts) {
  std::array<uint16_t, kGroup> sums;
  for (size_t i = 0; i < kGroup; i++) {
    sums[i] = static_cast<uint16_t>(lanes[0][begin + i] + lanes[1][begin + i] +
                                    lanes[2][begin + i] + lanes[3][begin + i]);
  }
  std::array<uint32_t, kGroup> wide;
  for (size_t i = 0; i < kGroup; i++) {
    wide[i] = static_cast<uint32_t>(static_cast<int16_t>(sums[i])) + between[begin + i];
  }
  for (size_t i = 0; i < kGroup; i++) (*counts)[begin + i] += wide[i];
}

void CountColumn(const ColumnReader& reader, size_t metric, const ColumnWindow& window,
                 Counts* counts) {
  Lanes lanes;
  Counts between;
  const size_t values = PaddedCounts(metric);
  for (auto& lane : lanes) std::fill_n(lane.begin(), values, 0);
  const CountedRows rows = CountedRowsOf(reader, metric, window);
  if (rows.to <= rows.from) {
    std::fill_n(between.begin(), values, 0);
    CountSamples<1>(reader, metric, {window.begin, window.end}, &lanes);
  } else {
    const uint64_t from = rows.from * kNarrowStride;
    const uint64_t to = rows.to * kNarrowStride;
    reader.CopyCounts(metric, rows.from, rows.to, between.data());
    CountSamples<1>(reader, metric, {window.begin, from}, &lanes);
    CountSamples<-1>(reader, metric, {from, window.begin}, &lanes);
    CountSamples<1>(reader, metric, {to, window.end}, &lanes);
    CountSamples<-1>(reader, metric, {window.end, to}, &lanes);
  }
  for (size_t i = 0; i < values; i += kGroup) AddGroup(lanes, between, i, counts);
}

}  // namespace

// The one nearest to each end: samples up to there are counted in or out. Nothing is read that is
// out of the window's reach.
CountedRows CountedRowsOf(const ColumnReader& reader, size_t metric, const ColumnWindow& window) {
  const uint64_t stride = kColumnForms[metric].CountStride();
  if (!reader.HasCounts(metric) || window.size() == 0) return {};
  const auto nearest = [stride](uint64_t sequence) { return (sequence + stride / 2) / stride; };
  CountedRows rows = {nearest(window.begin), nearest(window.end)};
  if (rows.from * stride < window.oldest) rows.from++;
  if (rows.to * stride > window.head) rows.to--;
  return rows;
}

void WantedRanks::Sort() {
  std::sort(ranks_.begin(), ranks_.begin() + count_);
  count_ = std::unique(ranks_.begin(), ranks_.begin() + count_) - ranks_.begin();
}

uint64_t WantedRanks::OffsetAt(uint64_t rank) const {
  const auto end = ranks_.begin() + count_;
  return offsets_[std::lower_bound(ranks_.begin(), end, rank) - ranks_.begin()];
}

void FindNarrow(const Pool& pool, WantedRanks* wanted) {
  Counts counts;
  const size_t values = PaddedCounts(pool.metric);
  std::fill_n(counts.begin(), values, 0);
  for (size_t i = 0; i < pool.columns.size(); i++) {
    if (pool.windows[i].size() == 0) continue;
    CountColumn(ColumnReader(*pool.columns[i]), pool.metric, pool.windows[i], &counts);
  }
  std::fill(counts.begin() + kColumnForms[pool.metric].counts, counts.begin() + values, 0);
  uint64_t below = 0;  // values before the group
  size_t group = 0;
  const auto sum_of = [&counts](size_t begin) {
    uint32_t sum = 0;
    for (size_t i = 0; i < kGroup; i++) sum += counts[begin + i];
    return sum;
  };
  uint64_t in_group = sum_of(group);
  for (size_t i = 0; i < wanted->ranks().size(); i++) {
    const uint64_t rank = wanted->ranks()[i];
    // Torn counts may be too few; they are thrown away later.
    while (below + in_group <= rank && group + kGroup < values) {
      below += in_group;
      in_group = sum_of(group += kGroup);
    }
    size_t value = group;
    for (uint64_t before = below; value + 1 < group + kGroup; value++) {
      before += counts[value];
      if (before > rank) break;
    }
    wanted->offsets()[i] = value;
  }
}

}  // namespace gpuring
