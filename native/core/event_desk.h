// Where events are noted, by whichever thread learns of them.
#pragma once

#include <memory>
#include <mutex>

#include "core/block_memory.h"
#include "core/clock.h"
#include "core/event_log.h"

namespace gpuring {

// Thread rules: any thread. Allocates nothing.
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
  std::mutex mutex_;  // makes one writer of many
};

}  // namespace gpuring
