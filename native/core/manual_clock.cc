#include "core/manual_clock.h"

#include <algorithm>
#include <ranges>

namespace gpuring {

int64_t ManualClock::MonotonicNs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return monotonic_ns_;
}

int64_t ManualClock::WallUs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return wall_us_;
}

void ManualClock::EnterThread(Event* alarm) {
  const std::lock_guard<std::mutex> lock(mutex_);
  (void)WaiterOn(alarm);
}

ManualClock::Waiter* ManualClock::WaiterOn(const Event* alarm) {
  const auto found = std::ranges::find(waiters_, alarm, &Waiter::alarm);
  if (found != waiters_.end()) return &*found;
  return &waiters_.emplace_back(Waiter{alarm, 0});
}

bool ManualClock::WaitUntil(int64_t deadline_ns, Event* alarm) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    const bool woken = alarm->TakeIfSet();
    const bool done = woken || monotonic_ns_ >= deadline_ns;
    WaiterOn(alarm)->deadline_ns = done ? 0 : deadline_ns;
    if (done) return !woken;
    changed_.notify_all();
    changed_.wait(lock, [&] { return alarm->IsSet() || monotonic_ns_ >= deadline_ns; });
  }
}

void ManualClock::Wake(Event* alarm) {
  const std::lock_guard<std::mutex> lock(mutex_);
  alarm->Set();
  changed_.notify_all();
}

void ManualClock::Advance(int64_t ns) {
  const std::lock_guard<std::mutex> lock(mutex_);
  monotonic_ns_ += ns;
  wall_us_ += ns / 1'000;
  changed_.notify_all();
}

void ManualClock::StepWall(int64_t us) {
  const std::lock_guard<std::mutex> lock(mutex_);
  wall_us_ += us;
}

int64_t ManualClock::AwaitWaiter() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto waits = [this](const Waiter& one) { return IsWaiting(one); };
  changed_.wait(lock, [&] { return !waiters_.empty() && std::ranges::all_of(waiters_, waits); });
  return waiters_.front().deadline_ns;
}

bool ManualClock::OthersWait() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto waits = [this](const Waiter& one) { return IsWaiting(one); };
  return std::ranges::all_of(waiters_ | std::views::drop(1), waits);
}

bool ManualClock::AllWait() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto waits = [this](const Waiter& one) { return IsWaiting(one); };
  return std::ranges::all_of(waiters_, waits);
}

}  // namespace gpuring
