// A clock that stands still until a test moves it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/clock.h"

namespace gpuring {

// For tests only. Several threads wait on the clock, each on its alarm; one other moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t monotonic_ns = 1'000'000'000,
                       int64_t wall_us = 1'700'000'000'000'000)
      : monotonic_ns_(monotonic_ns), wall_us_(wall_us) {
    waiters_.reserve(8);  // tests count what others allocate meanwhile
  }

  [[nodiscard]] int64_t MonotonicNs() const override;
  [[nodiscard]] int64_t WallUs() const override;
  void EnterThread(Event* alarm) override;
  [[nodiscard]] bool WaitUntil(int64_t deadline_ns, Event* alarm) override;
  void Wake(Event* alarm) override;

  // Moves both clocks; waiters whose deadlines are reached go on.
  void Advance(int64_t ns);
  // Sets the wall, as an administrator does.
  void StepWall(int64_t us);
  // Returns the deadline of the first alarm that a thread entered, once threads wait on all alarms
  // for later times and none has a wake pending.
  int64_t AwaitWaiter();
  // Whether threads wait so on all alarms but the first, at least.
  [[nodiscard]] bool OthersWait() const;
  [[nodiscard]] bool AllWait() const;
  // Advance, then AwaitWaiter: all that the step set off is done when this returns.
  int64_t Step(int64_t ns) {
    Advance(ns);
    return AwaitWaiter();
  }

 private:
  struct Waiter {
    const Event* alarm;
    int64_t deadline_ns;  // 0: nobody waits
  };

  // REQUIRES, for both: the mutex is held.
  [[nodiscard]] bool IsWaiting(const Waiter& one) const {
    return one.deadline_ns > monotonic_ns_ && !one.alarm->IsSet();
  }
  [[nodiscard]] Waiter* WaiterOn(const Event* alarm);

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // the time, an alarm or a waiter
  int64_t monotonic_ns_;
  int64_t wall_us_;
  std::vector<Waiter> waiters_;
};

}  // namespace gpuring
