#include "core/history.h"

#include <utility>

namespace gpuring {
namespace {

// Sample is made of 64-bit integers only, so its memory may be used as words.
std::span<uint64_t> WordsOf(std::span<Sample> samples) {
  return {reinterpret_cast<uint64_t*>(samples.data()), samples.size() * kSampleWords};
}

}  // namespace

History::History(CellArray cells, const RingLayout& layout)
    : cells_(std::move(cells)), ring_(Ring<StdAtomics>::Format(cells_.get(), layout)) {}

std::shared_ptr<History> History::Allocate(uint64_t capacity, uint64_t first_sequence) {
  const RingLayout layout = {capacity, kSampleWords, first_sequence};
  CellArray cells = AllocateCells(layout.Cells());
  if (cells == nullptr) return nullptr;
  return std::shared_ptr<History>(new History(std::move(cells), layout));
}

std::shared_ptr<History> History::Grown(uint64_t capacity) const {
  uint64_t at = ring_.Oldest();
  std::shared_ptr<History> grown = Allocate(capacity, at);
  if (grown == nullptr) return nullptr;
  // The caller is the only writer, so nothing is overtaken here.
  for (Sample sample; Read(at, {&sample, 1}).count == 1; at++) grown->Append(&sample);
  return grown;
}

void History::Append(Sample* sample) {
  sample->sequence = ring_.NextSequence();
  ring_.Push(WordsOf({sample, 1}));
}

HistoryRead History::Read(uint64_t from_sequence, std::span<Sample> out) const {
  return ring_.Read(from_sequence, WordsOf(out));
}

bool History::Latest(Sample* sample) const {
  const uint64_t newest = ring_.Newest();
  return newest != 0 && ring_.TryReadOne(newest, WordsOf({sample, 1}));
}

}  // namespace gpuring
