// How other threads call the polling thread, whichever that is at the moment.
#pragma once

#include <atomic>
#include <memory>

#include "core/clock.h"

namespace gpuring {

struct PollBell {
  explicit PollBell(std::shared_ptr<Clock> its_clock) : clock(std::move(its_clock)) {}

  void Ring() { clock->Wake(&alarm); }

  const std::shared_ptr<Clock> clock;
  Event alarm;  // who has the baton waits on it
  std::atomic<bool> survey_wanted{false};
};

}  // namespace gpuring
