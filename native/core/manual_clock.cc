#include "core/manual_clock.h"

#include <limits>
#include <utility>

namespace gpuring {
namespace {

constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();

}  // namespace

int64_t ManualClock::MonotonicNs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return monotonic_ns_;
}

int64_t ManualClock::WallUs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return wall_us_;
}

bool ManualClock::WaitUntil(int64_t deadline_ns) {
  for (;;) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const bool was_woken = std::exchange(woken_, false);
      if (was_woken || monotonic_ns_ >= deadline_ns) {
        deadline_ns_ = 0;
        return !was_woken;
      }
      deadline_ns_ = deadline_ns;
      waiting_.Set();
    }
    changed_.WaitUntil(kForEver);
    changed_.TakeIfSet();
  }
}

void ManualClock::Wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
  }
  changed_.Set();
}

void ManualClock::Advance(int64_t ns) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    monotonic_ns_ += ns;
    wall_us_ += ns / 1'000;
  }
  changed_.Set();
}

int64_t ManualClock::AwaitWaiter() {
  for (;;) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!woken_ && deadline_ns_ > monotonic_ns_) return deadline_ns_;
    }
    waiting_.WaitUntil(kForEver);
    waiting_.TakeIfSet();
  }
}

}  // namespace gpuring
