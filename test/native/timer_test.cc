#include "core/timer.h"

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "check.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();

TEST("timer: a wait ends at its deadline, and a wake ends it sooner") {
  RealClock clock;
  for (const auto& timer : {clock.MakeTimer(), MakeAlarmTimer(&clock)}) {
    timer->EnterThread();
    const int64_t deadline_ns = MonotonicNowNs() + 3 * kMs;
    timer->WaitUntil(deadline_ns);
    CHECK(MonotonicNowNs() >= deadline_ns);
    timer->WaitUntil(-5);
    timer->Wake();
    timer->Wake();
    timer->WaitUntil(kForEver);  // the wakes were kept
    std::thread waker([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      timer->Wake();
    });
    timer->WaitUntil(kForEver);
    waker.join();
  }
}

TEST("timer: a wait that is put off lasts longer, and nothing is brought forward") {
  const std::unique_ptr<Timer> timer = MakeDescriptorTimer();
  CHECK(timer != nullptr);
  const int64_t deadline_ns = MonotonicNowNs() + 300 * kMs;
  const int64_t later_ns = deadline_ns + 200 * kMs;
  std::atomic<int64_t> ended_ns{0};
  std::thread waiter([&] {
    timer->WaitUntil(deadline_ns);
    ended_ns = MonotonicNowNs();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  timer->PutOff(later_ns);
  timer->PutOff(deadline_ns - 200 * kMs);
  const bool in_time = MonotonicNowNs() < deadline_ns;
  waiter.join();
  CHECK(ended_ns >= deadline_ns);
  CHECK(!in_time || ended_ns >= later_ns);
}

TEST("timer: no wake is lost among those who put off") {
  const std::unique_ptr<Timer> timer = MakeDescriptorTimer();
  CHECK(timer != nullptr);
  std::atomic<int> wakes{0};
  std::atomic<int> seen{0};
  std::atomic<bool> over{false};
  std::thread waiter([&] {
    while (!over) {
      timer->WaitUntil(kForEver);
      seen = wakes.load();
    }
  });
  std::thread other([&] {
    int64_t far_ns = MonotonicNowNs() + 3'600'000 * kMs;
    while (!over) timer->PutOff(far_ns += 2 * kMs);
  });
  for (int turn = 1; turn <= 2'000; turn++) {
    wakes = turn;
    timer->Wake();
    CHECK(Eventually([&] { return seen == turn; }));
  }
  over = true;
  timer->Wake();
  waiter.join();
  other.join();
}

// The real clock, and how often a thread came back from a wait by its timer.
class CountingClock final : public Clock {
 public:
  explicit CountingClock(std::atomic<int>* waits) : waits_(waits) {}
  [[nodiscard]] int64_t MonotonicNs() const override { return real_.MonotonicNs(); }
  [[nodiscard]] int64_t WallUs() const override { return real_.WallUs(); }
  [[nodiscard]] bool WaitUntil(int64_t deadline_ns, Event* alarm) override {
    return real_.WaitUntil(deadline_ns, alarm);
  }
  void Wake(Event* alarm) override { real_.Wake(alarm); }
  [[nodiscard]] std::unique_ptr<Timer> MakeTimer() override {
    return std::make_unique<CountingTimer>(real_.MakeTimer(), waits_);
  }

 private:
  class CountingTimer final : public Timer {
   public:
    CountingTimer(std::unique_ptr<Timer> timer, std::atomic<int>* waits)
        : timer_(std::move(timer)), waits_(waits) {}
    void EnterThread() override { timer_->EnterThread(); }
    void WaitUntil(int64_t deadline_ns) override {
      timer_->WaitUntil(deadline_ns);
      ++*waits_;
    }
    void PutOff(int64_t deadline_ns) override { timer_->PutOff(deadline_ns); }
    void Wake() override { timer_->Wake(); }

   private:
    const std::unique_ptr<Timer> timer_;
    std::atomic<int>* const waits_;
  };

  RealClock real_;
  std::atomic<int>* const waits_;
};

TEST("timer: the watchdog sleeps while rounds go well, and looks when a call lasts") {
  std::atomic<int> looks{0};
  Event gate;
  const auto host = std::make_shared<MemoryHost>(Devices(2));
  const auto sampler =
      Sampler::Start(std::make_shared<CountingClock>(&looks),
                     OptionsFor(host, {.period_ns = 20 * kMs, .history_samples = 50}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0, 1});
  CHECK(Eventually([&] { return host->log()->polls[1] > 5; }));
  const uint64_t polls = host->log()->polls[1];
  const int before = looks;
  CHECK(Eventually([&] { return host->log()->polls[1] > polls + 100; }));
  // Each round would be one; a machine that stops a thread in a call is rightly looked at.
  CHECK(looks - before < 50);
  host->SetAnswer(0, Hanging(&gate));
  const uint64_t alone = host->log()->polls[1];
  CHECK(Eventually([&] { return host->log()->polls[1] > alone + 5; }));
  CHECK(looks > before);
  gate.Set();
  sampler->RequestStop();
  CHECK(sampler->WaitStopped(kLongNs));
}

}  // namespace
}  // namespace gpuring
