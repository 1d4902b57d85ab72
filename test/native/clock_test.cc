#include "core/clock.h"

#include <limits>
#include <thread>

#include "check.h"
#include "core/manual_clock.h"
#include "core/schedule.h"

namespace gpuring {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();

TEST("real clock: a wait is never early") {
  RealClock clock;
  Event alarm;
  clock.EnterThread(&alarm);
  for (const int64_t wait : {int64_t{0}, kMs / 10, kMs, 7 * kMs}) {
    const int64_t deadline = clock.MonotonicNs() + wait;
    CHECK(clock.WaitUntil(deadline, &alarm));
    CHECK(clock.MonotonicNs() >= deadline);
  }
  CHECK(clock.WaitUntil(clock.MonotonicNs() - kMs, &alarm));
  CHECK(clock.WaitUntil(-5, &alarm));
}

TEST("real clock: a wake ends the present wait") {
  RealClock clock;
  Event alarm;
  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    clock.Wake(&alarm);
  });
  CHECK(!clock.WaitUntil(clock.MonotonicNs() + 60'000 * kMs, &alarm));
  waker.join();
}

TEST("real clock: a wake is kept for the next wait and used up by it") {
  RealClock clock;
  Event alarm;
  clock.Wake(&alarm);
  clock.Wake(&alarm);
  CHECK(!clock.WaitUntil(kForEver, &alarm));
  CHECK(clock.WaitUntil(clock.MonotonicNs() + kMs, &alarm));
}

TEST("real clock: the wall is Unix time in microseconds") {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t expected = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const int64_t difference = RealClock().WallUs() - expected;
  CHECK(difference >= 0 && difference < 5'000'000);
}

TEST("event: many waiters, one set") {
  Event event;
  std::atomic<int> woken{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; i++) {
    waiters.emplace_back([&] {
      if (event.WaitUntil(kForEver)) woken++;
    });
  }
  event.Set();
  for (std::thread& waiter : waiters) waiter.join();
  CHECK_EQ(woken.load(), 3);
  CHECK(event.IsSet());
  CHECK(event.TakeIfSet());
  CHECK(!event.TakeIfSet());
  CHECK(!event.WaitUntil(MonotonicNowNs() + kMs));
}

TEST("manual clock: stands still, and tells who waits for what") {
  ManualClock clock(100, 7'000);
  Event alarm;
  clock.EnterThread(&alarm);
  std::thread waiter([&] {
    CHECK(clock.WaitUntil(150, &alarm));
    CHECK(!clock.WaitUntil(kForEver, &alarm));
  });
  CHECK_EQ(clock.AwaitWaiter(), 150);
  clock.Advance(49);
  CHECK_EQ(clock.AwaitWaiter(), 150);
  CHECK_EQ(clock.Step(3'001), kForEver);
  CHECK_EQ(clock.MonotonicNs(), 3'150);
  CHECK_EQ(clock.WallUs(), 7'003);
  clock.Wake(&alarm);
  waiter.join();
}

TEST("manual clock: several waiters, each with an alarm of its own") {
  ManualClock clock(100);
  Event first;
  Event second;
  clock.EnterThread(&first);
  clock.EnterThread(&second);
  std::thread one([&] { CHECK(clock.WaitUntil(150, &first)); });
  std::thread other([&] {
    CHECK(!clock.WaitUntil(120, &second));
    CHECK(clock.WaitUntil(140, &second));
  });
  CHECK_EQ(clock.AwaitWaiter(), 150);
  clock.Wake(&second);
  CHECK_EQ(clock.AwaitWaiter(), 150);
  clock.Advance(100);
  one.join();
  other.join();
}

TEST("schedule: deadlines lie on the grid whatever a round takes") {
  Schedule schedule(1'000, 100);
  schedule.RoundEnded(1'001);
  CHECK_EQ(schedule.next_ns(), 1'100);
  schedule.RoundEnded(1'199);
  CHECK_EQ(schedule.next_ns(), 1'200);
  CHECK_EQ(schedule.missed(), 0u);
}

TEST("schedule: deadlines that passed are skipped and counted") {
  Schedule schedule(1'000, 100);
  schedule.RoundEnded(1'450);
  CHECK_EQ(schedule.next_ns(), 1'500);
  CHECK_EQ(schedule.missed(), 4u);
  schedule.RoundEnded(1'600);  // just then due: one round is enough
  CHECK_EQ(schedule.next_ns(), 1'700);
  CHECK_EQ(schedule.missed(), 5u);
}

TEST("schedule: a new period counts from the last deadline") {
  Schedule schedule(1'000, 100);
  schedule.RoundEnded(1'010);  // next 1100
  schedule.SetPeriod(300, 1'020);
  CHECK_EQ(schedule.next_ns(), 1'300);
  schedule.SetPeriod(50, 1'080);  // 1050 has passed
  CHECK_EQ(schedule.next_ns(), 1'080);
  CHECK_EQ(schedule.missed(), 0u);
}

}  // namespace
}  // namespace gpuring
