// Order statistics of wide metrics: buckets first, then ranges of values cut ever finer.
#include <algorithm>
#include <bit>

#include "aggregate/window_ranks.h"

namespace gpuring {
namespace {

// Bins into which the ranges of one pass are cut, in all. They are on the stack, of which a worker
// of Node may have 192 KiB left.
constexpr int kBinBits = 14;
constexpr size_t kBins = size_t{1} << kBinBits;
// Each into about as many as there are samples, for all of them are cleared and looked through.
constexpr int kLeastCutBits = 8;
constexpr size_t kVoidBins = 8;  // more than one: equal ones would wait for each other
constexpr size_t kRangesAtOnce = 4;
static_assert(sizeof(uint32_t) * (kBins + kVoidBins) <= 80 * 1024);

// Where a wanted value lies: within [low, high], `below` known values being less than `low`.
struct Range {
  uint64_t low = 0;
  uint64_t high = 0;
  uint64_t below = 0;

  [[nodiscard]] bool Found() const { return low >= high; }
  // To cut it into up to 2^cut_bits bins.
  [[nodiscard]] int Shift(int cut_bits) const {
    return std::max(0, static_cast<int>(std::bit_width(high - low)) - cut_bits);
  }
};
using Ranges = std::array<Range, WantedRanks::kMost>;

// Ranges that are cut in one pass. They are apart from each other.
struct Cutting {
  int cut_bits = kLeastCutBits;
  size_t count = 0;
  std::array<Range, kRangesAtOnce> ranges{};
  std::array<uint32_t, kBins + kVoidBins> bins;

  // REQUIRES: all ranges are there, at least one. The fewer they are, the finer they are cut.
  void Begin(uint64_t samples) {
    const int most = kBinBits - std::bit_width(count - 1);
    cut_bits = std::clamp(static_cast<int>(std::bit_width(samples)), kLeastCutBits, most);
    for (size_t i = 0; i < count; i++) {
      const uint64_t span = ranges[i].high - ranges[i].low;
      std::fill_n(BinsOf(i), (span >> ranges[i].Shift(cut_bits)) + 1, 0);
    }
  }
  [[nodiscard]] uint32_t* BinsOf(size_t i) { return bins.data() + (i << cut_bits); }
  [[nodiscard]] bool Touches(const Extremes& extremes) const {
    for (size_t i = 0; i < count; i++) {
      if (extremes.least <= ranges[i].high && extremes.greatest >= ranges[i].low) return true;
    }
    return false;
  }
  // REQUIRES: `extremes` are theirs, or wider.
  void CountAll(std::span<const uint64_t> offsets, const Extremes& extremes) {
    for (size_t i = 0; i < count; i++) {
      if (extremes.least > ranges[i].high || extremes.greatest < ranges[i].low) continue;
      const uint64_t low = ranges[i].low;
      const uint64_t span = ranges[i].high - low;
      const int shift = ranges[i].Shift(cut_bits);
      const size_t first = i << cut_bits;
      for (size_t j = 0; j < offsets.size(); j++) {
        // What is unknown is greater than any range. What is out of range is counted too, where
        // nobody looks: to leave it out would cost a jump that cannot be foreseen.
        const uint64_t above = offsets[j] - low;
        bins[above <= span ? first + (above >> shift) : kBins + j % kVoidBins]++;
      }
    }
  }
  // Of a stretch in which all known values are the same.
  void CountSame(uint64_t offset, uint64_t known) {
    for (size_t i = 0; i < count; i++) {
      const uint64_t above = offset - ranges[i].low;
      if (above > ranges[i].high - ranges[i].low) continue;
      BinsOf(i)[above >> ranges[i].Shift(cut_bits)] += static_cast<uint32_t>(known);
    }
  }
};

// Counts the samples [from, to) into the ranges; leaves out, or counts at once, whole stretches.
void CountStretch(const ColumnReader& reader, size_t metric, SampleRange range, Cutting* cutting) {
  std::array<uint64_t, kBlock> offsets;
  while (range.from < range.to) {
    uint64_t span = 0;
    Extremes extremes = {0, kUnknownOffset};
    for (size_t level = kExtremeSpans.size(); level-- > 0;) {
      const uint64_t wide = kExtremeSpans[level];
      if (range.from % wide != 0 || range.from + wide > range.to) continue;
      if (!reader.HasExtremes(level)) continue;
      extremes = reader.ExtremesOf(metric, level, range.from / wide);
      span = wide;
      if (!cutting->Touches(extremes)) break;
      // The sums before the next block are there once a sample of it is.
      if (extremes.least == extremes.greatest && range.from + wide < range.to) {
        const uint64_t block = range.from / kBlock;
        cutting->CountSame(extremes.least, reader.KnownBefore(metric, block + wide / kBlock) -
                                               reader.KnownBefore(metric, block));
        break;
      }
      span = 0;
    }
    if (span == 0) {
      span = std::min(range.to, (range.from / kBlock + 1) * kBlock) - range.from;
      reader.CopyOffsets(metric, {range.from, range.from + span}, offsets.data());
      cutting->CountAll(std::span(offsets).first(span), extremes);
    }
    range.from += span;
  }
}

// The part of range `i` in whose bin the rank lies.
Range Narrowed(Cutting* cutting, size_t i, uint64_t rank) {
  const Range& range = cutting->ranges[i];
  const uint32_t* const bins = cutting->BinsOf(i);
  const int shift = range.Shift(cutting->cut_bits);
  const size_t last = (range.high - range.low) >> shift;
  size_t bin = 0;
  uint64_t below = range.below;
  while (bin < last && below + bins[bin] <= rank) below += bins[bin++];
  const uint64_t low = range.low + (static_cast<uint64_t>(bin) << shift);
  const uint64_t high = low + (uint64_t{1} << shift) - 1;
  return {low, std::min(high, range.high), below};
}

// One pass over the pool for the first few ranges that are not found yet. False: all are found.
bool CutOnce(const Pool& pool, std::span<const uint64_t> ranks, Ranges* ranges) {
  uint64_t samples = 0;
  for (const ColumnWindow& window : pool.windows) samples += window.size();
  Cutting cutting;
  std::array<size_t, WantedRanks::kMost> cut_of;
  cut_of.fill(kRangesAtOnce);
  for (size_t i = 0; i < ranks.size(); i++) {
    const Range& range = (*ranges)[i];
    if (range.Found()) continue;
    const bool same = cutting.count > 0 && cutting.ranges[cutting.count - 1].low == range.low;
    if (!same && cutting.count == kRangesAtOnce) break;
    if (!same) cutting.ranges[cutting.count++] = range;
    cut_of[i] = cutting.count - 1;
  }
  if (cutting.count == 0) return false;
  cutting.Begin(samples);
  for (size_t i = 0; i < pool.columns.size(); i++) {
    const ColumnReader reader(*pool.columns[i]);
    CountStretch(reader, pool.metric, {pool.windows[i].begin, pool.windows[i].end}, &cutting);
  }
  for (size_t i = 0; i < ranks.size(); i++) {
    if (cut_of[i] == kRangesAtOnce) continue;
    (*ranges)[i] = Narrowed(&cutting, cut_of[i], ranks[i]);
  }
  return true;
}

using BucketCounts = std::array<uint32_t, kMostCounts + 1>;

void CountBuckets(const ColumnReader& reader, size_t metric, SampleRange range,
                  BucketCounts* counts) {
  std::array<uint64_t, kBlock> offsets;
  while (range.from < range.to) {
    const uint64_t end = std::min(range.to, (range.from / kBlock + 1) * kBlock);
    reader.CopyOffsets(metric, {range.from, end}, offsets.data());
    for (size_t i = 0; i < end - range.from; i++) {
      if (offsets[i] != kUnknownOffset) (*counts)[BucketOf(offsets[i])]++;
    }
    range.from = end;
  }
}

// False: no window is so long that counts help.
bool CountPool(const Pool& pool, BucketCounts* counts) {
  bool helps = false;
  const auto rows = [](const ColumnWindow& window) {
    return SampleRange{(window.begin + kWideStride - 1) / kWideStride,
                       (std::max(window.end, window.begin + 1) - 1) / kWideStride};
  };
  for (const ColumnWindow& window : pool.windows) {
    helps = helps || rows(window).to > rows(window).from + 1;
  }
  if (!helps) return false;
  for (size_t i = 0; i < pool.columns.size(); i++) {
    const ColumnReader reader(*pool.columns[i]);
    const ColumnWindow& window = pool.windows[i];
    const auto [from, to] = rows(window);
    if (to <= from || !reader.HasCounts(pool.metric)) {
      CountBuckets(reader, pool.metric, {window.begin, window.end}, counts);
      continue;
    }
    CountBuckets(reader, pool.metric, {window.begin, from * kWideStride}, counts);
    BucketCounts between;
    reader.CopyCounts(pool.metric, from, to, between.data());
    const size_t buckets = kColumnForms[pool.metric].counts;
    for (size_t bucket = 0; bucket < buckets; bucket++) (*counts)[bucket] += between[bucket];
    CountBuckets(reader, pool.metric, {to * kWideStride, window.end}, counts);
  }
  return true;
}

}  // namespace

void FindWide(const Pool& pool, const Extremes& extremes, WantedRanks* wanted) {
  const std::span<const uint64_t> ranks = wanted->ranks();
  Ranges ranges;
  ranges.fill({extremes.least, extremes.greatest, 0});
  BucketCounts counts{};
  if (extremes.least != extremes.greatest && CountPool(pool, &counts)) {
    size_t bucket = 0;
    uint64_t below = 0;
    for (size_t i = 0; i < ranks.size(); i++) {
      while (bucket + 1 < kMostCounts && below + counts[bucket] <= ranks[i]) {
        below += counts[bucket++];
      }
      ranges[i] = {std::max(extremes.least, BucketBegin(bucket)),
                   std::min(extremes.greatest, BucketBegin(bucket + 1) - 1), below};
    }
  }
  while (CutOnce(pool, ranks, &ranges)) {
  }
  for (size_t i = 0; i < ranks.size(); i++) wanted->offsets()[i] = ranges[i].low;
}

}  // namespace gpuring
