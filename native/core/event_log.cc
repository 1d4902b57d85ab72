#include "core/event_log.h"

#include <utility>

namespace gpuring {
namespace {

constexpr RingLayout kLayout = {EventLog::kCapacity, kEventWords, 1};

std::span<uint64_t> WordsOf(std::span<EventRecord> events) {
  return {reinterpret_cast<uint64_t*>(events.data()), events.size() * kEventWords};
}

}  // namespace

EventLog::EventLog(CellArray cells)
    : cells_(std::move(cells)), ring_(Ring<StdAtomics>::Format(cells_.get(), kLayout)) {}

std::shared_ptr<EventLog> EventLog::Allocate() {
  CellArray cells = AllocateCells(kLayout.Cells());
  if (cells == nullptr) return nullptr;
  return std::shared_ptr<EventLog>(new EventLog(std::move(cells)));
}

uint64_t EventLog::Add(EventRecord event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  event.sequence = ring_.NextSequence();
  ring_.Push(WordsOf({&event, 1}));
  return event.sequence;
}

RingRead EventLog::Read(uint64_t from_sequence, std::span<EventRecord> out) const {
  return ring_.Read(from_sequence, WordsOf(out));
}

}  // namespace gpuring
