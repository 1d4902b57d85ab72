// Where events are noted: one log, and word of it in the block.
#pragma once

#include <memory>

#include "core/block_memory.h"
#include "core/clock.h"
#include "core/event_log.h"

namespace gpuring {

// Thread rules: who has the baton notes, any thread reads the log. Allocates nothing.
class EventDesk {
 public:
  EventDesk(std::shared_ptr<EventLog> log, std::shared_ptr<BlockMemory> block)
      : log_(std::move(log)), block_(std::move(block)) {}

  // Into the log, and then its sequence into the block's header.
  void Note(const EventRecord& event);
  [[nodiscard]] const EventLog& log() const { return *log_; }

 private:
  const std::shared_ptr<EventLog> log_;
  const std::shared_ptr<BlockMemory> block_;
};

}  // namespace gpuring
