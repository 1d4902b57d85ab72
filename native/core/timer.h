// A wait that may be put off while it lasts.
#pragma once

#include <cstdint>
#include <memory>

#include "core/clock.h"

namespace gpuring {

// Thread rules: one thread waits, the others may do what else there is.
class Timer {
 public:
  virtual ~Timer() = default;
  // Called by the thread that waits, before it does.
  virtual void EnterThread() = 0;
  // Until the deadline, a later one that was named since, or a wake; now and then for less.
  virtual void WaitUntil(int64_t deadline_ns) = 0;
  // The wait under way has nothing to wait for before that. A hint: it may end when it would have.
  virtual void PutOff(int64_t /*deadline_ns*/) {}
  // Ends the present wait, or the next one if there is none, whatever was put off. Never blocks.
  virtual void Wake() = 0;
};

// Over an alarm of the clock's; puts nothing off. REQUIRES: the clock outlives it.
[[nodiscard]] std::unique_ptr<Timer> MakeAlarmTimer(Clock* clock);
// By CLOCK_MONOTONIC; holds a descriptor. Null: the process has none left.
[[nodiscard]] std::unique_ptr<Timer> MakeDescriptorTimer();

}  // namespace gpuring
