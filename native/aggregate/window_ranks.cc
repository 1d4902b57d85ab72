#include "aggregate/window_ranks.h"

#include <algorithm>

namespace gpuring {
namespace {

// Equal values one after the other would wait for each other's increment; lanes do not.
constexpr size_t kLanes = 4;
using Lanes = std::array<std::array<uint16_t, kNarrowValues + 1>, kLanes>;

// Samples next to each other, of any number of blocks.
void CountSamples(const ColumnReader& reader, size_t metric, SampleRange range, Lanes* lanes) {
  const auto void_code = static_cast<uint16_t>(kColumnForms[metric].counts);
  ColumnReader::Codes copy;
  while (range.from < range.to) {
    const uint64_t end = std::min(range.to, (range.from / kBlock + 1) * kBlock);
    const uint16_t* const codes = reader.CopyCodes(metric, {range.from, end}, &copy);
    for (size_t i = 0; i < end - range.from; i++) {
      (*lanes)[i % kLanes][std::min(codes[i], void_code)]++;
    }
    range.from = end;
  }
}

void CountColumn(const ColumnReader& reader, size_t metric, const ColumnWindow& window,
                 NarrowCounts* counts) {
  const size_t values = kColumnForms[metric].counts;
  Lanes lanes;
  for (auto& lane : lanes) std::fill_n(lane.begin(), values + 1, 0);
  const uint64_t from_row = (window.begin + kNarrowStride - 1) / kNarrowStride;
  const uint64_t to_row = (window.end - 1) / kNarrowStride;
  if (to_row <= from_row || !reader.HasCounts(metric)) {
    CountSamples(reader, metric, {window.begin, window.end}, &lanes);
  } else {
    CountSamples(reader, metric, {window.begin, from_row * kNarrowStride}, &lanes);
    reader.AddCounts(metric, from_row, to_row, counts->data());
    CountSamples(reader, metric, {to_row * kNarrowStride, window.end}, &lanes);
  }
  for (size_t i = 0; i < values; i++) {
    (*counts)[i] += static_cast<uint32_t>(lanes[0][i] + lanes[1][i] + lanes[2][i] + lanes[3][i]);
  }
}

}  // namespace

void WantedRanks::Sort() {
  std::sort(ranks_.begin(), ranks_.begin() + count_);
  count_ = std::unique(ranks_.begin(), ranks_.begin() + count_) - ranks_.begin();
}

uint64_t WantedRanks::OffsetAt(uint64_t rank) const {
  const auto end = ranks_.begin() + count_;
  return offsets_[std::lower_bound(ranks_.begin(), end, rank) - ranks_.begin()];
}

void CountNarrow(const Pool& pool, NarrowCounts* counts) {
  std::fill_n(counts->begin(), kColumnForms[pool.metric].counts + 1, 0);
  for (size_t i = 0; i < pool.columns.size(); i++) {
    if (pool.windows[i].size() == 0) continue;
    CountColumn(ColumnReader(*pool.columns[i]), pool.metric, pool.windows[i], counts);
  }
}

Extremes ExtremesOf(const NarrowCounts& counts, const ColumnForm& form) {
  Extremes extremes;
  const auto end = counts.begin() + form.counts;
  const auto some = [](uint32_t count) { return count != 0; };
  const auto least = std::find_if(counts.begin(), end, some);
  if (least == end) return extremes;
  extremes.least = least - counts.begin();
  extremes.greatest = form.counts - 1;
  while (counts[extremes.greatest] == 0) extremes.greatest--;
  return extremes;
}

void FindNarrow(const NarrowCounts& counts, WantedRanks* wanted) {
  uint64_t below = 0;
  size_t value = 0;
  for (size_t i = 0; i < wanted->ranks().size(); i++) {
    const uint64_t rank = wanted->ranks()[i];
    // Torn counts may be too few; they are thrown away later.
    while (value + 1 < counts.size() && below + counts[value] <= rank) below += counts[value++];
    wanted->offsets()[i] = value;
  }
}

}  // namespace gpuring
