// Where the columns of one tier and their index lie in one array of cells, and how large that is.
//
// Everything is kept as offset from the metric's minimum, so that no number is negative:
//   times    of each sample: monotonic and wall clock, how long its values hold at most; and for
//            how long those of the sample before it held
//   values   16 bits each where a metric has few values ("narrow"), else 64
//   prefix   every 64 samples, the sums of all samples before
//   counts   every so many samples, how often each value (narrow) or bucket of values (wide) came
//            before: 32 bits each, two to a cell, modulo 2^32
//   extremes of wide metrics: least and greatest value of 64, of 512, ... of 262144 samples
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/atomics.h"
#include "core/metrics.generated.h"

namespace gpuring {

__extension__ typedef unsigned __int128 uint128_t;
__extension__ typedef __int128 int128_t;

inline constexpr uint64_t kBlock = 64;          // samples between two prefix rows
inline constexpr uint64_t kNarrowStride = 256;  // between two rows of counts
inline constexpr uint64_t kWideStride = 2048;
inline constexpr std::array<uint64_t, 5> kExtremeSpans = {64, 512, 4096, 32768, 262144};
// Farther than any clock, and so near that no difference of two times overflows.
inline constexpr int64_t kFarthestUs = int64_t{1} << 61;
// Samples that stay beyond the capacity, so that a reader of the oldest has time.
inline constexpr uint64_t kSlack = 64;

inline constexpr uint64_t kNarrowValues = 511;  // a narrow metric has at most so many
inline constexpr uint16_t kUnknownCode = 0xffff;
inline constexpr uint64_t kUnknownOffset = UINT64_MAX;

// Buckets of wide values: 16 to an octave; the first 16 hold one value each.
inline constexpr int kBucketBits = 4;
[[nodiscard]] constexpr size_t BucketOf(uint64_t offset) {
  if (offset < (1u << kBucketBits)) return offset;
  const int exponent = std::bit_width(offset) - 1;
  const uint64_t mantissa = offset >> (exponent - kBucketBits);
  return (static_cast<size_t>(exponent - kBucketBits) << kBucketBits) + mantissa;
}
[[nodiscard]] constexpr uint64_t BucketBegin(size_t bucket) {
  if (bucket < (2u << kBucketBits)) return bucket;
  const size_t shift = (bucket >> kBucketBits) - 1;
  return ((bucket & ((1u << kBucketBits) - 1)) + (1u << kBucketBits)) << shift;
}

// Microseconds for which the values of the sample before held: 32 bits, two to a cell. What does
// not fit is worked out from the times.
inline constexpr uint32_t kLongWeight = UINT32_MAX;

// Words of a prefix row. Narrow metrics and wide ones have the same, each sum in one or two words.
inline constexpr size_t kPrefixKnown = 0;
inline constexpr size_t kPrefixCovered = 1;    // microseconds in which some value held
inline constexpr size_t kPrefixLastKnown = 2;  // sequence; 0: none yet
inline constexpr size_t kPrefixSums = 3;       // values, squares, values times time held, increase

// How one metric is kept.
struct ColumnForm {
  bool narrow = false;
  bool counter = false;
  int64_t minimum = 0;
  uint64_t span = 0;  // greatest offset
  size_t counts = 0;  // numbers in a row of counts
  size_t prefix_words = 0;

  [[nodiscard]] constexpr size_t SumWords() const { return narrow ? 1 : 2; }
  [[nodiscard]] constexpr size_t CountWords() const { return (counts + 1) / 2; }
  [[nodiscard]] constexpr uint64_t CountStride() const {
    return narrow ? kNarrowStride : kWideStride;
  }
};

[[nodiscard]] constexpr ColumnForm FormOf(const MetricRow& metric) {
  ColumnForm form;
  form.minimum = metric.minimum;
  form.span = static_cast<uint64_t>(metric.maximum) - static_cast<uint64_t>(metric.minimum);
  form.counter = metric.counter;
  form.narrow = form.span < kNarrowValues && !metric.counter;
  form.counts = form.narrow ? form.span + 1 : BucketOf(form.span) + 1;
  form.prefix_words = kPrefixSums + form.SumWords() * (metric.counter ? 4 : 3);
  if (form.narrow) form.prefix_words = kCacheLineBytes / sizeof(uint64_t);
  return form;
}

inline constexpr std::array<ColumnForm, kMetricCount> kColumnForms = [] {
  std::array<ColumnForm, kMetricCount> forms;
  for (size_t i = 0; i < kMetricCount; i++) forms[i] = FormOf(kMetrics[i]);
  return forms;
}();
static_assert(std::ranges::all_of(kColumnForms, [](const ColumnForm& form) {
  return form.span < uint64_t{1} << 53;  // squares of 2^22 samples add up in 128 bits
}));
inline constexpr size_t kMostCounts =
    std::ranges::max_element(kColumnForms, {}, &ColumnForm::counts)->counts;
inline constexpr size_t kMostTierMetrics =
    std::ranges::max_element(kTierMetrics, {}, &MetricRange::size)->size();

// Header cells.
inline constexpr uint64_t kColumnsMagic = 0x4750'5543'0001'0001;  // "GPU", 'C', version 1
inline constexpr size_t kColumnsMagicWord = 0;
inline constexpr size_t kColumnsTierWord = 1;
inline constexpr size_t kColumnsCapacityWord = 2;
inline constexpr size_t kColumnsClaimWord = 8;
inline constexpr size_t kColumnsHeadWord = 9;
inline constexpr size_t kColumnsHeaderWords = 16;

// First cells of a metric's parts.
struct ColumnPlace {
  size_t values = 0;
  size_t prefix = 0;
  size_t counts = 0;
  std::array<size_t, kExtremeSpans.size()> extremes{};
};

struct ColumnLayout {
  uint64_t physical = 0;     // samples that there are cells for: whole blocks
  uint64_t prefix_rows = 0;  // rows and nodes that there are cells for
  uint64_t narrow_rows = 0;
  uint64_t wide_rows = 0;
  std::array<uint64_t, kExtremeSpans.size()> extreme_nodes{};
  size_t monotonic = 0;
  size_t wall = 0;
  size_t hold = 0;
  size_t weights = 0;
  std::array<ColumnPlace, kMostTierMetrics> places{};
  size_t cells = 0;

  [[nodiscard]] constexpr uint64_t CountRows(const ColumnForm& form) const {
    return form.narrow ? narrow_rows : wide_rows;
  }
};

// Rows or nodes of `stride` samples that a window may need, and the ones being written. None where
// no window holds a whole one.
[[nodiscard]] constexpr uint64_t RowsFor(uint64_t physical, uint64_t stride) {
  return physical < 2 * stride ? 0 : physical / stride + 2;
}

[[nodiscard]] constexpr ColumnLayout LayoutOf(Tier tier, uint64_t capacity) {
  ColumnLayout layout;
  layout.physical = (capacity + kSlack + kBlock - 1) / kBlock * kBlock;
  layout.prefix_rows = RowsFor(layout.physical, kBlock);
  layout.narrow_rows = RowsFor(layout.physical, kNarrowStride);
  layout.wide_rows = RowsFor(layout.physical, kWideStride);
  size_t at = kColumnsHeaderWords;
  const auto take = [&at](size_t cells) {
    const size_t begin = at;
    constexpr size_t kLine = kCacheLineBytes / sizeof(uint64_t);
    at += (cells + kLine - 1) / kLine * kLine;
    return begin;
  };
  layout.monotonic = take(layout.physical);
  layout.wall = take(layout.physical);
  layout.hold = take(layout.physical);
  layout.weights = take(layout.physical / 2);
  const MetricRange metrics = kTierMetrics[static_cast<size_t>(tier)];
  for (size_t i = 0; i < metrics.size(); i++) {
    const ColumnForm& form = kColumnForms[metrics.begin + i];
    ColumnPlace& place = layout.places[i];
    place.values = take(form.narrow ? layout.physical / 4 : layout.physical);
    place.prefix = take(layout.prefix_rows * form.prefix_words);
    place.counts = take(layout.CountRows(form) * form.CountWords());
    for (size_t level = 0; level < kExtremeSpans.size(); level++) {
      layout.extreme_nodes[level] = RowsFor(layout.physical, kExtremeSpans[level]);
      if (!form.narrow) place.extremes[level] = take(2 * layout.extreme_nodes[level]);
    }
  }
  layout.cells = at;
  return layout;
}

}  // namespace gpuring
