#include "core/manual_clock.h"

namespace gpuring {

int64_t ManualClock::MonotonicNs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return monotonic_ns_;
}

int64_t ManualClock::WallUs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return wall_us_;
}

bool ManualClock::WaitUntil(int64_t deadline_ns) {
  std::unique_lock<std::mutex> lock(mutex_);
  deadline_ns_ = deadline_ns;
  changed_.notify_all();
  changed_.wait(lock, [&] { return woken_ || monotonic_ns_ >= deadline_ns; });
  deadline_ns_ = 0;
  const bool was_woken = woken_;
  woken_ = false;
  return !was_woken;
}

void ManualClock::Wake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void ManualClock::Advance(int64_t ns) {
  const std::lock_guard<std::mutex> lock(mutex_);
  monotonic_ns_ += ns;
  wall_us_ += ns / 1'000;
  changed_.notify_all();
}

int64_t ManualClock::AwaitWaiter() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return !woken_ && deadline_ns_ > monotonic_ns_; });
  return deadline_ns_;
}

}  // namespace gpuring
