#include "core/event_desk.h"

#include "core/published_block.h"

namespace gpuring {

void EventDesk::Note(const EventRecord& event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t sequence = log_->Add(event);
  PublishedBlock<StdAtomics> block(block_->cells(), {});
  block.StoreHeader(kBlockEventsWord, sequence);
  block.NoteChange();
}

}  // namespace gpuring
