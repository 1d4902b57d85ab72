#include <algorithm>
#include <array>

#include "aggregate/column_window.h"
#include "aggregate/pool_sums.h"
#include "aggregate/query.h"
#include "aggregate/window_ranks.h"
#include "aggregate/window_totals.h"

namespace gpuring {
namespace {

// Up to here, looking at all samples of a slice is cheaper than counts are.
constexpr uint64_t kFewSamples = 1024;

// A window cut into slices of equal time. Slice i begins with the first whole microsecond in it.
class Slices {
 public:
  Slices(const ColumnWindow& window, size_t count)
      : from_us_(window.from_us),
        length_us_(std::max<int64_t>(window.to_us - window.from_us, 1)),
        count_(count) {}

  [[nodiscard]] int64_t BeginOf(size_t slice) const {
    const auto count = static_cast<int128_t>(count_);
    const int128_t scaled = static_cast<int128_t>(length_us_) * static_cast<int128_t>(slice);
    return from_us_ + static_cast<int64_t>((scaled + count - 1) / count);
  }
  [[nodiscard]] size_t SliceOf(int64_t time_us) const {
    const int64_t passed = std::clamp<int64_t>(time_us - from_us_, 0, length_us_);
    const auto scaled = static_cast<int128_t>(passed) * static_cast<int128_t>(count_);
    return std::min(static_cast<size_t>(scaled / length_us_), count_ - 1);
  }

 private:
  int64_t from_us_;
  int64_t length_us_;
  size_t count_;
};

// REQUIRES: `known` samples of the pool's only window know the metric.
Extremes NarrowExtremes(const Pool& pool, uint64_t known) {
  const ColumnWindow& window = pool.windows[0];
  if (window.size() > kFewSamples) {
    WantedRanks wanted;
    wanted.Add(0);
    wanted.Add(known - 1);
    wanted.Sort();
    FindNarrow(pool, &wanted);
    return {wanted.OffsetAt(0), wanted.OffsetAt(known - 1)};
  }
  const ColumnReader reader(*pool.columns[0]);
  Extremes extremes;
  std::array<uint64_t, kBlock> offsets;
  for (uint64_t at = window.begin; at < window.end;) {
    const uint64_t end = std::min(window.end, (at / kBlock + 1) * kBlock);
    reader.CopyOffsets(pool.metric, {at, end}, offsets.data());
    for (size_t i = 0; i < end - at; i++) {
      extremes.least = std::min(extremes.least, offsets[i]);
      const bool known = offsets[i] != kUnknownOffset;
      extremes.greatest = std::max(extremes.greatest, known ? offsets[i] : 0);
    }
    at = end;
  }
  return extremes;
}

// False: no sample of the slice knows the metric.
bool WriteBucket(const MetricColumns& columns, size_t metric, const ColumnWindow& slice,
                 Bucket* bucket) {
  const ColumnReader reader(columns);
  const WindowTotals totals = TotalsOf(reader, metric, slice);
  if (totals.first == 0 || totals.sums.known == 0) return false;
  const MetricColumns* const column = &columns;
  const bool narrow = kColumnForms[metric].narrow;
  PoolSums sums = {totals.sums, 0, totals.extremes};
  if (narrow)
    sums.extremes = NarrowExtremes({metric, {&column, 1}, {&slice, 1}}, totals.sums.known);
  WindowStatistics statistics;
  WriteSums(sums, kMetrics[metric], &statistics);
  bucket->first_us = reader.WallAt(totals.first);
  bucket->min = statistics.min;
  bucket->max = statistics.max;
  bucket->mean = statistics.mean;
  bucket->count = totals.sums.known;
  return true;
}

size_t WriteSlices(const MetricColumns& columns, size_t metric, const ColumnWindow& window,
                   std::span<Bucket> buckets) {
  const ColumnReader reader(columns);
  const Slices slices(window, buckets.size());
  const bool wall = window.by == WindowBy::kWall;
  size_t written = 0;
  size_t next = 0;  // the first slice that may still come
  ColumnWindow slice = window;
  while (slice.begin < window.end && next < buckets.size()) {
    const int64_t at = wall ? reader.WallAt(slice.begin) : reader.MonotonicAt(slice.begin);
    const size_t i = std::max(next, slices.SliceOf(at));
    slice.end = window.end;
    if (i + 1 < buckets.size()) {
      const uint64_t end = FirstAtOrAfter(reader, slice, slices.BeginOf(i + 1));
      slice.end = std::max(end, slice.begin + 1);
    }
    Bucket& bucket = buckets[written];
    bucket.begin = slice.begin;
    bucket.from_us = slices.BeginOf(i) + (window.unix_from_us - window.from_us);
    if (WriteBucket(columns, metric, slice, &bucket)) written++;
    slice.begin = slice.end;
    next = i + 1;
  }
  return written;
}

// Leaves out the slices that were, or may have been, overwritten while they were read. What is
// after a sample that is still there was read as it is written: also where the next slice begins.
size_t DropLapped(const MetricColumns& columns, std::span<Bucket> written) {
  size_t lapped = 0;
  while (lapped < written.size() && !columns.StillThere(written[lapped].begin)) lapped++;
  std::move(written.begin() + static_cast<ptrdiff_t>(lapped), written.end(), written.begin());
  return written.size() - lapped;
}

}  // namespace

size_t Downsample(const MetricColumns& columns, const SeriesQuestion& question,
                  std::span<Bucket> buckets) {
  const auto metric = static_cast<size_t>(question.metric);
  if (buckets.empty()) return 0;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    const ColumnWindow window = ResolveWindow(columns, question.window, attempt);
    // Its first sample says where slices begin.
    if (question.window.by == WindowBy::kLast && !StillIn(columns, window)) continue;
    const size_t written = window.size() == 0 ? 0 : WriteSlices(columns, metric, window, buckets);
    const size_t left = DropLapped(columns, buckets.first(written));
    if (left > 0 || StillIn(columns, window)) return left;
  }
  return 0;
}

}  // namespace gpuring
