#include "core/timer.h"

#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace gpuring {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
// Put off by so much more, so that who does it each millisecond asks the system less often.
constexpr int64_t kSpareNs = 1'000'000;

class AlarmTimer final : public Timer {
 public:
  explicit AlarmTimer(Clock* clock) : clock_(clock) {}
  void EnterThread() override { clock_->EnterThread(&alarm_); }
  void WaitUntil(int64_t deadline_ns) override { (void)clock_->WaitUntil(deadline_ns, &alarm_); }
  void Wake() override { clock_->Wake(&alarm_); }

 private:
  Clock* const clock_;
  Event alarm_;
};

// A futex's deadline cannot be moved by another thread; that of a descriptor can.
class DescriptorTimer final : public Timer {
 public:
  explicit DescriptorTimer(int descriptor) : descriptor_(descriptor) {}
  ~DescriptorTimer() override { close(descriptor_); }
  DescriptorTimer(const DescriptorTimer&) = delete;
  DescriptorTimer& operator=(const DescriptorTimer&) = delete;

  void EnterThread() override { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }
  void WaitUntil(int64_t deadline_ns) override {
    const bool armed = Arm(deadline_ns);
    if (woken_.TakeIfSet()) return;
    uint64_t times = 0;
    const bool waited = armed && (read(descriptor_, &times, sizeof(times)) > 0 || errno == EINTR);
    // Somebody closed what is not his; the number may be another file's by now.
    if (!waited) (void)woken_.WaitUntil(deadline_ns);
    (void)woken_.TakeIfSet();
  }
  void PutOff(int64_t deadline_ns) override {
    if (due_ns_.load(std::memory_order_relaxed) >= deadline_ns) return;
    (void)Arm(std::min(deadline_ns, INT64_MAX - kSpareNs) + kSpareNs);
    // A wake that came in between may have been put off with the rest.
    if (woken_.IsSet()) (void)Arm(0);
  }
  void Wake() override {
    woken_.Set();
    (void)Arm(0);
  }

 private:
  // False: the descriptor is no timer.
  bool Arm(int64_t deadline_ns) {
    due_ns_.store(deadline_ns, std::memory_order_relaxed);
    const int64_t at_ns = std::max<int64_t>(deadline_ns, 1);  // 0 would be never
    const itimerspec when = {{0, 0}, {at_ns / kNsPerSecond, at_ns % kNsPerSecond}};
    return timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &when, nullptr) == 0;
  }

  const int descriptor_;
  Event woken_;
  std::atomic<int64_t> due_ns_{0};
};

}  // namespace

std::unique_ptr<Timer> MakeAlarmTimer(Clock* clock) { return std::make_unique<AlarmTimer>(clock); }

std::unique_ptr<Timer> MakeDescriptorTimer() {
  const int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  return descriptor < 0 ? nullptr : std::make_unique<DescriptorTimer>(descriptor);
}

}  // namespace gpuring
