// One column set as a reader sees it: relaxed loads, to be believed once StillThere() said so.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "aggregate/column_layout.h"
#include "aggregate/columns.h"

namespace gpuring {

// How much a counter grew from one known value to the next: what is lower was reset to 0 between.
[[nodiscard]] constexpr uint64_t GrowthOf(const ColumnForm& form, uint64_t before, uint64_t after) {
  return after >= before ? after - before : after + static_cast<uint64_t>(form.minimum);
}

// The sums up to some sample, or over some samples; modulo 2^128.
struct PrefixSums {
  uint64_t known = 0;
  uint64_t covered = 0;
  uint128_t sum = 0;
  uint128_t square = 0;
  uint128_t held = 0;  // value times microseconds
};

// Samples [from, to).
struct SampleRange {
  uint64_t from = 0;
  uint64_t to = 0;
};

struct Extremes {
  uint64_t least = kUnknownOffset;
  uint64_t greatest = 0;
};

class ColumnReader {
 public:
  explicit ColumnReader(const MetricColumns& columns)
      : cells_(columns.cells()),
        layout_(columns.layout()),
        begin_(kTierMetrics[static_cast<size_t>(columns.tier())].begin) {}

  [[nodiscard]] int64_t MonotonicAt(uint64_t sequence) const {
    return static_cast<int64_t>(Load(layout_.monotonic + Slot(sequence)));
  }
  [[nodiscard]] int64_t WallAt(uint64_t sequence) const {
    return static_cast<int64_t>(Load(layout_.wall + Slot(sequence)));
  }
  [[nodiscard]] int64_t HoldAt(uint64_t sequence) const {
    return static_cast<int64_t>(Load(layout_.hold + Slot(sequence)));
  }
  // Offset from the metric's minimum, or kUnknownOffset.
  [[nodiscard]] uint64_t OffsetAt(size_t metric, uint64_t sequence) const {
    const size_t slot = Slot(sequence);
    const size_t values = Place(metric).values;
    if (!kColumnForms[metric].narrow) return Load(values + slot);
    return Widened(static_cast<uint16_t>(Load(values + slot / 4) >> (slot % 4 * 16)));
  }

  // Copy what there is of samples of one block.
  //
  // For how long the values of the sample before each held.
  void CopyWeights(const SampleRange& range, uint64_t* weights) const {
    const size_t slot = Slot(range.from);
    for (size_t i = 0; i < range.to - range.from; i++) {
      const uint64_t pair = Load(layout_.weights + (slot + i) / 2);
      const auto weight = static_cast<uint32_t>(pair >> ((slot + i) % 2 * 32));
      weights[i] = weight == kLongWeight ? LongWeight(range.from + i) : weight;
    }
  }
  void CopyOffsets(size_t metric, const SampleRange& range, uint64_t* offsets) const {
    const size_t count = range.to - range.from;
    if (kColumnForms[metric].narrow) {
      Codes codes;
      const uint16_t* const first = CopyCodes(metric, range, &codes);
      for (size_t i = 0; i < count; i++) offsets[i] = Widened(first[i]);
      return;
    }
    const size_t at = Place(metric).values + Slot(range.from);
    for (size_t i = 0; i < count; i++) offsets[i] = Load(at + i);
  }
  // Of a narrow metric. Where in `codes` the first one is.
  using Codes = std::array<uint16_t, kBlock>;
  const uint16_t* CopyCodes(size_t metric, const SampleRange& range, Codes* codes) const {
    static_assert(std::endian::native == std::endian::little);
    const size_t slot = Slot(range.from);
    const size_t last = slot + (range.to - range.from) - 1;
    const size_t values = Place(metric).values;
    for (size_t cell = slot / 4, at = 0; cell <= last / 4; cell++, at += 4) {
      const uint64_t word = Load(values + cell);
      std::memcpy(codes->data() + at, &word, sizeof word);
    }
    return codes->data() + slot % 4;
  }

  // All of one block of a narrow metric, samples that are not there yet included; weights may be
  // kLongWeight.
  void CopyBlock(size_t metric, uint64_t block, Codes* codes,
                 std::array<uint32_t, kBlock>* weights) const {
    const size_t slot = Slot(block * kBlock);
    const size_t values = Place(metric).values + slot / 4;
    for (size_t i = 0; i < kBlock / 4; i++) {
      const uint64_t word = Load(values + i);
      std::memcpy(codes->data() + 4 * i, &word, sizeof word);
    }
    for (size_t i = 0; i < kBlock / 2; i++) {
      const uint64_t pair = Load(layout_.weights + slot / 2 + i);
      std::memcpy(weights->data() + 2 * i, &pair, sizeof pair);
    }
  }

  // What was before the block that begins with `block * kBlock`.
  [[nodiscard]] PrefixSums Prefix(size_t metric, uint64_t block) const {
    const ColumnForm& form = kColumnForms[metric];
    const size_t row = PrefixRow(metric, block);
    const size_t sums = row + kPrefixSums;
    const size_t words = form.SumWords();
    return {Load(row + kPrefixKnown), Load(row + kPrefixCovered), LoadSum(sums, words),
            LoadSum(sums + words, words), LoadSum(sums + 2 * words, words)};
  }
  [[nodiscard]] uint64_t KnownBefore(size_t metric, uint64_t block) const {
    return Load(PrefixRow(metric, block) + kPrefixKnown);
  }
  [[nodiscard]] uint64_t LastKnownBefore(size_t metric, uint64_t block) const {
    return Load(PrefixRow(metric, block) + kPrefixLastKnown);
  }
  [[nodiscard]] uint128_t IncreaseBefore(size_t metric, uint64_t block) const {
    const size_t words = kColumnForms[metric].SumWords();
    return LoadSum(PrefixRow(metric, block) + kPrefixSums + 3 * words, words);
  }

  // How often each value or bucket came between two rows of counts. Writes CountWords() pairs.
  void CopyCounts(size_t metric, uint64_t from_row, uint64_t to_row, uint32_t* counts) const {
    const size_t words = kColumnForms[metric].CountWords();
    const size_t from = CountRow(metric, from_row);
    const size_t to = CountRow(metric, to_row);
    for (size_t i = 0; i < words; i++) {
      const uint64_t pair = PairDifference(Load(to + i), Load(from + i));
      std::memcpy(counts + 2 * i, &pair, sizeof pair);
    }
  }
  [[nodiscard]] bool HasCounts(size_t metric) const {
    return layout_.CountRows(kColumnForms[metric]) > 0;
  }

  [[nodiscard]] bool HasExtremes(size_t level) const { return layout_.extreme_nodes[level] > 0; }
  [[nodiscard]] Extremes ExtremesOf(size_t metric, size_t level, uint64_t node) const {
    const size_t at = Node(metric, level, node);
    return {Load(at), Load(at + 1)};
  }

 private:
  [[nodiscard]] uint64_t Load(size_t cell) const { return cells_[cell].Load(Order::kRelaxed); }
  [[nodiscard]] size_t Slot(uint64_t sequence) const { return sequence % layout_.physical; }
  [[nodiscard]] const ColumnPlace& Place(size_t metric) const {
    return layout_.places[metric - begin_];
  }
  // Of two numbers of 32 bits in each, modulo 2^32: the top bits are kept out of the subtraction,
  // so that nothing is borrowed across.
  [[nodiscard]] static uint64_t PairDifference(uint64_t a, uint64_t b) {
    constexpr uint64_t kTops = 0x8000'0000'8000'0000;
    return ((a | kTops) - (b & ~kTops)) ^ ((a ^ ~b) & kTops);
  }
  [[nodiscard]] static uint64_t Widened(uint16_t code) {
    return code == kUnknownCode ? kUnknownOffset : code;
  }
  [[nodiscard]] size_t Node(size_t metric, size_t level, uint64_t node) const {
    return Place(metric).extremes[level] + 2 * (node % layout_.extreme_nodes[level]);
  }
  [[nodiscard]] uint64_t LongWeight(uint64_t sequence) const {
    const int64_t passed = MonotonicAt(sequence) - MonotonicAt(sequence - 1);
    return static_cast<uint64_t>(std::min(passed, HoldAt(sequence - 1)));
  }
  [[nodiscard]] size_t CountRow(size_t metric, uint64_t row) const {
    const ColumnForm& form = kColumnForms[metric];
    return Place(metric).counts + row % layout_.CountRows(form) * form.CountWords();
  }
  [[nodiscard]] size_t PrefixRow(size_t metric, uint64_t block) const {
    return Place(metric).prefix + block % layout_.prefix_rows * kColumnForms[metric].prefix_words;
  }
  [[nodiscard]] uint128_t LoadSum(size_t cell, size_t words) const {
    const uint128_t high = words == 2 ? Load(cell + 1) : 0;
    return high << 64 | Load(cell);
  }

  const StdAtomics::Cell* cells_;
  const ColumnLayout& layout_;
  size_t begin_;
};

}  // namespace gpuring
