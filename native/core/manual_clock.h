// A clock that stands still until a test moves it.
#pragma once

#include <cstdint>
#include <mutex>

#include "core/clock.h"

namespace gpuring {

// For tests only. One thread waits on the clock, one other moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t monotonic_ns = 1'000'000'000,
                       int64_t wall_us = 1'700'000'000'000'000)
      : monotonic_ns_(monotonic_ns), wall_us_(wall_us) {}

  [[nodiscard]] int64_t MonotonicNs() const override;
  [[nodiscard]] int64_t WallUs() const override;
  [[nodiscard]] bool WaitUntil(int64_t deadline_ns) override;
  void Wake() override;

  // Moves both clocks; a waiter whose deadline is reached goes on.
  void Advance(int64_t ns);
  // Returns the waiter's deadline once a thread waits for a later time and has no wake pending.
  int64_t AwaitWaiter();
  // Advance, then AwaitWaiter: all that the step set off is done when this returns.
  int64_t Step(int64_t ns) {
    Advance(ns);
    return AwaitWaiter();
  }

 private:
  mutable std::mutex mutex_;
  Event changed_;  // the time or the wake: the waiter looks again
  Event waiting_;  // the waiter began to wait: the test looks again
  int64_t monotonic_ns_;
  int64_t wall_us_;
  int64_t deadline_ns_ = 0;  // of the waiter; 0: nobody waits
  bool woken_ = false;
};

}  // namespace gpuring
