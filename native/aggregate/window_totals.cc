#include "aggregate/window_totals.h"

#include <algorithm>
#include <array>
#include <span>

namespace gpuring {
namespace {

constexpr uint64_t BlockOf(uint64_t sequence) { return sequence / kBlock; }
constexpr bool IsKnownOffset(uint64_t offset) { return offset != kUnknownOffset; }

// The sample before the one to be added: its value holds up to it.
struct Carry {
  uint64_t offset = kUnknownOffset;
  int64_t monotonic = 0;
  int64_t hold = 0;
};

// Samples of one block, copied out before anything is computed of them.
struct Piece {
  uint64_t from = 0;
  size_t count = 0;
  std::array<uint64_t, kBlock> offsets;
  std::array<int64_t, kBlock> monotonic;
  std::array<int64_t, kBlock> hold;
};

// Values of narrow metrics, and their sums over a block, stay below 2^64.
template <class Sum>
void AddSums(const Piece& piece, Carry* carry, PrefixSums* sums) {
  Sum sum = 0;
  Sum square = 0;
  Sum held = 0;
  Carry before = *carry;
  for (size_t i = 0; i < piece.count; i++) {
    const auto passed =
        static_cast<uint64_t>(std::min(piece.monotonic[i] - before.monotonic, before.hold));
    const uint64_t weight = IsKnownOffset(before.offset) ? passed : 0;
    sums->covered += weight;
    held += static_cast<Sum>(before.offset) * weight;
    const bool known = IsKnownOffset(piece.offsets[i]);
    const uint64_t offset = known ? piece.offsets[i] : 0;
    sums->known += known ? 1 : 0;
    sum += offset;
    square += static_cast<Sum>(offset) * offset;
    before = {piece.offsets[i], piece.monotonic[i], piece.hold[i]};
  }
  sums->sum += sum;
  sums->square += square;
  sums->held += held;
  *carry = before;
}

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
    Piece piece;
    piece.from = range.from;
    piece.count = range.to - range.from;
    reader_.CopyOffsets(metric_, range, piece.offsets.data());
    reader_.CopyTimes(range, piece.monotonic.data(), piece.hold.data());
    if (kColumnForms[metric_].narrow) {
      AddSums<uint64_t>(piece, &carry_, &totals_.sums);
    } else {
      AddSums<uint128_t>(piece, &carry_, &totals_.sums);
      AddExtremes(piece, &totals_.extremes);
    }
    NoteEdges(piece);
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
      totals_.last = reader_.LastKnownBefore(metric_, to);
    }
    const uint64_t last = to * kBlock - 1;
    carry_ = {reader_.OffsetAt(metric_, last), reader_.MonotonicAt(last), reader_.HoldAt(last)};
  }

 private:
  void NoteEdges(const Piece& piece) {
    const auto offsets = std::span(piece.offsets).first(piece.count);
    const auto first = std::ranges::find_if(offsets, IsKnownOffset);
    if (first == offsets.end()) return;
    if (totals_.first == 0) totals_.first = piece.from + (first - offsets.begin());
    size_t last = offsets.size() - 1;
    while (!IsKnownOffset(offsets[last])) last--;
    totals_.last = piece.from + last;
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
  Carry carry_{};
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
