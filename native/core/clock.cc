#include "core/clock.h"

#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>
#include <utility>

#include "core/timer.h"

namespace gpuring {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

// A futex rather than std::condition_variable: the timed waits of the standard library pull in
// glibc symbols newer than 2.28, which the shipped binary may not need.
long Futex(std::atomic<uint32_t>* word, int operation, uint32_t value, const timespec* deadline) {
  static_assert(sizeof(*word) == sizeof(uint32_t));
  return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, deadline, nullptr,
                 FUTEX_BITSET_MATCH_ANY);
}

int64_t Now(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

}  // namespace

int64_t MonotonicNowNs() { return Now(CLOCK_MONOTONIC); }

void Event::Set() {
  flag_.store(1, std::memory_order_release);
  Futex(&flag_, FUTEX_WAKE_BITSET, INT_MAX, nullptr);
}

bool Event::TakeIfSet() { return flag_.exchange(0, std::memory_order_acquire) != 0; }

bool Event::IsSet() const { return flag_.load(std::memory_order_acquire) != 0; }

bool Event::WaitUntil(int64_t deadline_ns) {
  const timespec deadline = {deadline_ns / kNsPerSecond, deadline_ns % kNsPerSecond};
  while (!IsSet()) {
    if (MonotonicNowNs() >= deadline_ns) return false;
    // FUTEX_WAIT_BITSET takes an absolute time on CLOCK_MONOTONIC. Whatever ends the wait (wake,
    // timeout, signal), the loop looks again.
    Futex(&flag_, FUTEX_WAIT_BITSET, 0, &deadline);
  }
  return true;
}

std::unique_ptr<Timer> Clock::MakeTimer() { return MakeAlarmTimer(this); }

std::unique_ptr<Timer> RealClock::MakeTimer() {
  std::unique_ptr<Timer> timer = MakeDescriptorTimer();
  return timer != nullptr ? std::move(timer) : Clock::MakeTimer();
}

int64_t RealClock::WallUs() const { return Now(CLOCK_REALTIME) / 1'000; }

void RealClock::EnterThread(Event*) {
  // The kernel may by default wake a thread 50 us late to save power; 1 ns asks it not to.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

bool RealClock::WaitUntil(int64_t deadline_ns, Event* alarm) {
  alarm->WaitUntil(deadline_ns);
  return !alarm->TakeIfSet();
}

}  // namespace gpuring
