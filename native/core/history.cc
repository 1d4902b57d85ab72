#include "core/history.h"

#include <array>
#include <utility>

#include "core/ring_copy.h"

namespace gpuring {
namespace {

constexpr size_t kStatesPerWord = 8;
constexpr size_t kMostWords =
    std::max({HistoryWords(Tier::kFast), HistoryWords(Tier::kMedium), HistoryWords(Tier::kSlow)});
using Record = std::array<uint64_t, kMostWords>;

MetricRange MetricsOf(Tier tier) { return kTierMetrics[static_cast<size_t>(tier)]; }

RingLayout LayoutFor(const HistoryShape& shape) {
  return {shape.capacity, HistoryWords(shape.tier), shape.first_sequence};
}

void Pack(const Sample& sample, Tier tier, Record* record) {
  const MetricRange metrics = MetricsOf(tier);
  Record& words = *record;
  words[0] = sample.sequence;
  words[1] = static_cast<uint64_t>(sample.start_ns);
  words[2] = static_cast<uint64_t>(sample.end_ns);
  words[3] = static_cast<uint64_t>(sample.wall_us);
  uint64_t* const states = words.data() + kHistoryHeaderWords + metrics.size();
  std::fill(states, words.data() + HistoryWords(tier), 0);
  for (size_t i = 0; i < metrics.size(); i++) {
    const size_t metric = metrics.begin + i;
    words[kHistoryHeaderWords + i] = static_cast<uint64_t>(sample.values[metric]);
    states[i / kStatesPerWord] |= static_cast<uint64_t>(sample.states[metric])
                                  << (i % kStatesPerWord * 8);
  }
}

void Unpack(const Record& words, Tier tier, Sample* sample) {
  const MetricRange metrics = MetricsOf(tier);
  *sample = Sample{};
  sample->sequence = words[0];
  sample->start_ns = static_cast<int64_t>(words[1]);
  sample->end_ns = static_cast<int64_t>(words[2]);
  sample->wall_us = static_cast<int64_t>(words[3]);
  const uint64_t* const states = words.data() + kHistoryHeaderWords + metrics.size();
  for (size_t i = 0; i < metrics.size(); i++) {
    const size_t metric = metrics.begin + i;
    sample->values[metric] = static_cast<int64_t>(words[kHistoryHeaderWords + i]);
    const uint64_t state = states[i / kStatesPerWord] >> (i % kStatesPerWord * 8);
    sample->states[metric] = static_cast<ValueState>(state & 0xff);
  }
}

}  // namespace

History::History(CellArray cells, const HistoryShape& shape)
    : tier_(shape.tier),
      cells_(std::move(cells)),
      ring_(Ring<StdAtomics>::Format(cells_.get(), LayoutFor(shape))) {}

std::shared_ptr<History> History::Allocate(const HistoryShape& shape) {
  CellArray cells = AllocateCells(LayoutFor(shape).Cells());
  if (cells == nullptr) return nullptr;
  return std::shared_ptr<History>(new History(std::move(cells), shape));
}

void History::Append(Sample* sample) {
  sample->sequence = ring_.NextSequence();
  Record record;
  Pack(*sample, tier_, &record);
  ring_.Push(std::span(record).first(HistoryWords(tier_)));
}

void History::CatchUp(const History& other) {
  Record record;
  CopyRing(other.ring_, {cells_.get(), LayoutFor({tier_, capacity()})}, &ring_,
           std::span(record).first(HistoryWords(tier_)));
}

HistoryRead History::Read(uint64_t from_sequence, std::span<Sample> out) const {
  // Records one by one: the ring's own range read would need scratch for all of them.
  Record record;
  const auto words = std::span(record).first(HistoryWords(tier_));
  HistoryRead whole;
  whole.next = std::max<uint64_t>(from_sequence, 1);
  do {
    const bool room = whole.count < out.size();
    const RingRead one = ring_.Read(whole.next, room ? words : std::span<uint64_t>());
    if (whole.newest == 0) whole.newest = one.newest;
    if (one.count == 1) Unpack(record, tier_, &out[whole.count++]);
    whole.lost += one.lost;
    whole.next = one.next;
    if (one.count == 0) break;
  } while (whole.count < out.size() && whole.next <= whole.newest);
  return whole;
}

bool History::Latest(Sample* sample) const {
  const uint64_t newest = ring_.Newest();
  Record record;
  if (newest == 0) return false;
  if (!ring_.TryReadOne(newest, std::span(record).first(HistoryWords(tier_)))) return false;
  Unpack(record, tier_, sample);
  return true;
}

}  // namespace gpuring
