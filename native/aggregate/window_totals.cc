#include "aggregate/window_totals.h"

#include <algorithm>
#include <array>
#include <span>

namespace gpuring {
namespace {

constexpr uint64_t BlockOf(uint64_t sequence) { return sequence / kBlock; }
constexpr bool IsKnownOffset(uint64_t offset) { return offset != kUnknownOffset; }

// Samples of one block, copied out before anything is computed of them.
struct Piece {
  uint64_t from = 0;
  size_t count = 0;
  std::array<uint64_t, kBlock> offsets;
  std::array<uint64_t, kBlock> weights;
};

// `before`: the value that holds up to the first of them.
void AddSums(const Piece& piece, uint64_t before, PrefixSums* sums) {
  for (size_t i = 0; i < piece.count; i++) {
    if (IsKnownOffset(before)) {
      sums->covered += piece.weights[i];
      sums->held += static_cast<uint128_t>(before) * piece.weights[i];
    }
    before = piece.offsets[i];
    if (!IsKnownOffset(before)) continue;
    sums->known++;
    sums->sum += before;
    sums->square += static_cast<uint128_t>(before) * before;
  }
}

// A whole block of a narrow metric, of which nothing is known before the first sample wanted and
// after the last. Loops of one length, for the compiler to turn into vectors.
struct NarrowBlock {
  ColumnReader::Codes codes;
  std::array<uint32_t, kBlock> weights;

  void Keep(size_t first, size_t end) {
    std::fill(codes.begin(), codes.begin() + first, kUnknownCode);
    std::fill(codes.begin() + end, codes.end(), kUnknownCode);
    if (end < kBlock) weights[end] = 0;
  }
  // False, and nothing is added: some weight may not fit.
  [[nodiscard]] bool AddTo(uint64_t before, PrefixSums* sums) const {
    std::array<uint32_t, kBlock + 1> masks;  // all ones where known
    std::array<uint32_t, kBlock + 1> offsets;
    masks[0] = IsKnownOffset(before) ? UINT32_MAX : 0;
    offsets[0] = static_cast<uint32_t>(before) & masks[0];
    for (size_t i = 0; i < kBlock; i++) {
      masks[i + 1] = codes[i] == kUnknownCode ? 0 : UINT32_MAX;
      offsets[i + 1] = codes[i] & masks[i + 1];
    }
    uint32_t unknown = 0;
    uint32_t sum = 0;
    uint32_t square = 0;
    for (size_t i = 1; i <= kBlock; i++) {
      unknown += masks[i] + 1;
      sum += offsets[i];
      square += offsets[i] * offsets[i];
    }
    uint64_t covered = 0;
    uint64_t held = 0;
    for (size_t i = 0; i < kBlock; i++) {
      covered += weights[i] & masks[i];
      held += static_cast<uint64_t>(offsets[i]) * weights[i];
    }
    if (covered >= kLongWeight) return false;
    sums->known += kBlock - unknown;
    sums->covered += covered;
    sums->sum += sum;
    sums->square += square;
    sums->held += held;
    return true;
  }
};

void AddExtremes(const Piece& piece, Extremes* extremes) {
  for (size_t i = 0; i < piece.count; i++) {
    const uint64_t offset = piece.offsets[i];
    extremes->least = std::min(extremes->least, offset);
    extremes->greatest = std::max(extremes->greatest, IsKnownOffset(offset) ? offset : 0);
  }
}

// Of whole blocks, by the largest nodes that fit.
void AddExtremes(const ColumnReader& reader, size_t metric, SampleRange blocks,
                 Extremes* extremes) {
  while (blocks.from < blocks.to) {
    size_t level = kExtremeSpans.size() - 1;
    const auto fits = [&](uint64_t span) {
      return blocks.from % span == 0 && blocks.from + span <= blocks.to;
    };
    while (level > 0 && !(reader.HasExtremes(level) && fits(kExtremeSpans[level]))) level--;
    const uint64_t span = kExtremeSpans[level];
    const Extremes node = reader.ExtremesOf(metric, level, blocks.from / span);
    extremes->least = std::min(extremes->least, node.least);
    extremes->greatest = std::max(extremes->greatest, node.greatest);
    blocks.from += span;
  }
}

class Gatherer {
 public:
  Gatherer(const ColumnReader& reader, size_t metric) : reader_(reader), metric_(metric) {}

  [[nodiscard]] const WindowTotals& totals() const { return totals_; }

  // REQUIRES: the samples are of one block.
  void AddSamples(const SampleRange& range) {
    if (kColumnForms[metric_].narrow && AddNarrow(range)) return;
    Piece piece;
    piece.from = range.from;
    piece.count = range.to - range.from;
    reader_.CopyOffsets(metric_, range, piece.offsets.data());
    reader_.CopyWeights(range, piece.weights.data());
    AddSums(piece, before_, &totals_.sums);
    AddExtremes(piece, &totals_.extremes);
    before_ = piece.offsets[piece.count - 1];
    NoteEdges(range.from, std::span<const uint64_t>(piece.offsets).first(piece.count),
              kUnknownOffset);
  }

  // The samples of the blocks [from, to), by the sums before each.
  void AddBlocks(uint64_t from, uint64_t to) {
    if (from == to) return;
    const PrefixSums before = reader_.Prefix(metric_, from);
    const PrefixSums after = reader_.Prefix(metric_, to);
    const bool narrow = kColumnForms[metric_].narrow;
    const auto difference = [narrow](uint128_t a, uint128_t b) {
      return narrow ? static_cast<uint64_t>(b) - static_cast<uint64_t>(a) : b - a;
    };
    PrefixSums& sums = totals_.sums;
    sums.known += after.known - before.known;
    sums.covered += after.covered - before.covered;
    sums.sum += difference(before.sum, after.sum);
    sums.square += difference(before.square, after.square);
    sums.held += difference(before.held, after.held);
    if (!narrow) AddExtremes(reader_, metric_, {from * kBlock, to * kBlock}, &totals_.extremes);
    if (after.known != before.known) {
      if (totals_.first == 0) totals_.first = FirstKnown(from, to, before.known);
      // What is torn may be of samples to come, and no walk may go back from there.
      totals_.last = std::min(reader_.LastKnownBefore(metric_, to), to * kBlock - 1);
    }
    before_ = reader_.OffsetAt(metric_, to * kBlock - 1);
  }

 private:
  // False: some weight does not fit.
  bool AddNarrow(const SampleRange& range) {
    const size_t first = range.from % kBlock;
    const size_t end = first + (range.to - range.from);
    NarrowBlock block;
    reader_.CopyBlock(metric_, range.from / kBlock, &block.codes, &block.weights);
    block.Keep(first, end);
    if (!block.AddTo(first == 0 ? before_ : kUnknownOffset, &totals_.sums)) return false;
    const uint16_t last = block.codes[end - 1];
    before_ = last == kUnknownCode ? kUnknownOffset : last;
    NoteEdges(range.from, std::span<const uint16_t>(block.codes).subspan(first, end - first),
              kUnknownCode);
    return true;
  }

  template <class Value>
  void NoteEdges(uint64_t from, std::span<const Value> values, Value unknown) {
    size_t first = 0;
    while (first < values.size() && values[first] == unknown) first++;
    if (first == values.size()) return;
    if (totals_.first == 0) totals_.first = from + first;
    size_t last = values.size() - 1;
    while (values[last] == unknown) last--;
    totals_.last = from + last;
  }

  // In blocks of which some sample is known.
  [[nodiscard]] uint64_t FirstKnown(uint64_t from, uint64_t to, uint64_t known_before) const {
    while (to - from > 1) {
      const uint64_t middle = from + (to - from) / 2;
      (reader_.KnownBefore(metric_, middle) == known_before ? from : to) = middle;
    }
    uint64_t sequence = from * kBlock;
    const uint64_t last = sequence + kBlock - 1;
    while (sequence < last && !IsKnownOffset(reader_.OffsetAt(metric_, sequence))) sequence++;
    return sequence;
  }

  const ColumnReader& reader_;
  const size_t metric_;
  uint64_t before_ = kUnknownOffset;  // of the sample before those to be added
  WindowTotals totals_{};
};

}  // namespace

WindowTotals TotalsOf(const ColumnReader& reader, size_t metric, const ColumnWindow& window) {
  Gatherer gatherer(reader, metric);
  if (window.size() == 0) return gatherer.totals();
  // Sums include what holds up to a block's first sample, so the window's first is added by itself.
  const uint64_t from_block = BlockOf(window.begin) + 1;
  const uint64_t to_block = BlockOf(window.end - 1);
  if (to_block < from_block) {
    gatherer.AddSamples({window.begin, window.end});
    return gatherer.totals();
  }
  gatherer.AddSamples({window.begin, from_block * kBlock});
  gatherer.AddBlocks(from_block, to_block);
  gatherer.AddSamples({to_block * kBlock, window.end});
  return gatherer.totals();
}

void AddEdges(const ColumnReader& reader, size_t metric, const ColumnWindow& window,
              PrefixSums* sums) {
  const auto add = [&](uint64_t sequence, int64_t held_us) {
    const uint64_t offset = reader.OffsetAt(metric, sequence);
    if (!IsKnownOffset(offset)) return;
    const auto held = static_cast<uint64_t>(held_us);
    sums->covered += held;
    sums->held += static_cast<uint128_t>(offset) * held;
  };
  if (window.HasBefore()) add(window.begin - 1, HeldIntoUs(reader, window));
  if (window.size() > 0) add(window.end - 1, HeldOutUs(reader, window));
}

}  // namespace gpuring
