// The driver's events: coalesced, bounded, asked for in time, and never in anybody's way.
#include "core/event_listener.h"

#include "check.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr int64_t kTogetherNs = EventListener::kTogetherNs;
constexpr int64_t kMostNs = EventListener::kMostPeriodNs;

SourceEvent Xid(size_t slot, uint64_t code) { return {EventKind::kXid, slot, code}; }

TEST("events: each at once, with its row, code and time; equal ones that follow become one") {
  Rig rig(Devices(2));
  rig.AwaitRunning();
  rig.host->AddEvents(Xid(1, 79), 3);
  rig.host->AddEvents(Xid(0, 79), 1);
  rig.host->AddEvents(Xid(1, 48), 1);
  rig.host->AddEvents({EventKind::kOther, SIZE_MAX, 1 << 20}, 1);
  rig.clock->Step(kMostNs);
  CHECK_EQ(rig.Events().size(), 4u);
  rig.clock->Step(kTogetherNs);
  const std::vector<EventRecord> events = rig.Events();
  CHECK_EQ(events.size(), 5u);
  CHECK_EQ(events[0].device, 1);
  CHECK_EQ(events[0].code, 79u);
  CHECK_EQ(events[0].count, 1u);
  CHECK_EQ(events[1].device, 0);
  CHECK_EQ(events[1].count, 1u);
  CHECK_EQ(events[2].code, 48u);
  CHECK_EQ(events[3].device, kNoDevice);
  CHECK_EQ(events[4].device, 1);
  CHECK_EQ(events[4].code, 79u);
  CHECK_EQ(events[4].count, 2u);
  CHECK_EQ(events[4].monotonic_ns - events[0].monotonic_ns, kTogetherNs);
  CHECK_EQ(rig.HeaderNow(kBlockEventsWord), events.back().sequence);
}

TEST("events: asked for with the rounds, not with each; between them where they are far apart") {
  for (const int64_t period_ms : {1, 10, 100, 150, 10'000}) {
    Rig rig(Devices(1), {.period_ns = period_ms * kMs, .history_samples = 5});
    rig.AwaitRunning();
    rig.sampler->SetPeriodNs(kMs);  // whatever the phase in which it was asked last
    for (int i = 0; i < 140; i++) rig.clock->Step(kMs);
    rig.sampler->SetPeriodNs(period_ms * kMs);
    rig.clock->Step(kMs);
    const uint64_t before = rig.log->waits;
    const int64_t start_ns = rig.clock->MonotonicNs();
    int64_t asked_ns = start_ns;
    uint64_t asked = before;
    uint64_t wakes = 0;
    while (rig.clock->MonotonicNs() < start_ns + 2'000 * kMs) {
      const int64_t wake_ns = rig.clock->AwaitWaiter();
      rig.clock->Step(kMs);
      wakes += rig.clock->MonotonicNs() >= wake_ns ? 1 : 0;
      if (rig.log->waits == asked) continue;
      asked = rig.log->waits;
      CHECK(rig.clock->MonotonicNs() - asked_ns <= kMostNs);
      asked_ns = rig.clock->MonotonicNs();
    }
    CHECK(asked - before >= 20);
    CHECK(asked - before <= 40);
    const auto rounds = static_cast<uint64_t>(2'000 / period_ms);
    CHECK(wakes <= rounds + (period_ms <= 100 ? 1 : 21));
  }
}

TEST("events: a storm of 100,000 is one record, of 1,000 kinds 64 and a count, and none starves") {
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.host->AddEvents(Xid(0, 31), 100'000);
  const uint64_t polls = rig.log->polls[0];
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[0], polls + 5);
  const auto counted = [&] {
    uint64_t count = 0;
    for (const EventRecord& event : rig.Events()) count += event.count;
    return count;
  };
  CHECK_EQ(counted(), 100'000u);
  CHECK_EQ(rig.Events().size(), 2u);
  for (uint64_t code = 1; code <= 1'000; code++) rig.host->AddEvents(Xid(0, code), 1);
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(counted(), 101'000u);
  CHECK(rig.Events().size() <= 2 + 66);
  CHECK_EQ(rig.EventCount(EventKind::kEventsDropped), 1u);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
}

TEST("events: an endless storm leaves the rounds their time") {
  const auto host = std::make_shared<MemoryHost>(Devices(1));
  auto sampler = Sampler::Start(std::make_shared<RealClock>(),
                                OptionsFor(host, {.period_ns = 10 * kMs, .history_samples = 8}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0});
  host->AddEvents(Xid(0, 31), SIZE_MAX);
  CHECK(Eventually([&] { return host->log()->waits > 10'000; }));
  const uint64_t before = host->log()->polls[0];
  CHECK(Eventually([&] { return host->log()->polls[0] > before + 5; }));
  sampler->Suspend();
  CHECK(Eventually([&] { return host->log()->closes == 1; }));
  sampler->RequestStop();
  CHECK(sampler->WaitStopped(kLongNs));
}

TEST("events: what follows is told when the driver is let go of") {
  Rig rig(Devices(1));
  rig.AwaitRunning();
  rig.host->AddEvents(Xid(0, 79), 3);
  rig.clock->Step(kMostNs);
  CHECK_EQ(rig.EventCount(EventKind::kXid), 1u);
  rig.sampler->Suspend();
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kSuspended; }));
  CHECK_EQ(rig.EventCount(EventKind::kXid), 2u);
  CHECK_EQ(rig.Events()[1].count, 2u);
}

TEST("events: an ask that fails is made again, less and less often, and is nobody else's trouble") {
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.host->SetWaitCode(StatusCode::kDriverError);
  const uint64_t before = rig.log->waits;
  for (int i = 0; i < 1'000; i++) rig.clock->Step(10 * kMs);
  CHECK(rig.log->waits > before + 5);
  CHECK(rig.log->waits < before + 30);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  CHECK_EQ(rig.Events().size(), 0u);
  rig.host->SetWaitCode(StatusCode::kTimeout);
  rig.host->AddEvents(Xid(0, 13), 1);
  for (int i = 0; i < 10; i++) rig.clock->Step(100 * kMs);
  CHECK_EQ(rig.Events().size(), 1u);
}

TEST("events: a driver without events is asked once, and again when it was opened anew") {
  Rig rig(Devices(1));
  rig.host->SetWaitCode(StatusCode::kNotSupported);
  rig.AwaitRunning();
  const uint64_t before = rig.log->waits;
  for (int i = 0; i < 50; i++) rig.clock->Step(kPeriodNs);
  CHECK(rig.log->waits <= before + 1);
  rig.host->SetWaitCode(StatusCode::kTimeout);
  rig.sampler->Suspend();
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kSuspended; }));
  rig.sampler->Resume();
  rig.host->AddEvents(Xid(0, 13), 1);
  CHECK(rig.AdvanceUntil(kPeriodNs, [&] { return rig.EventCount(EventKind::kXid) == 1; }));
}

TEST("events: news of instances bring the survey forward") {
  Rig rig(Devices(1), {.period_ns = 5'000 * kMs, .history_samples = 5});
  rig.AwaitRunning();
  const uint64_t surveys = rig.log->surveys;
  rig.host->AddEvents({EventKind::kMigConfiguration, 0, 0}, 1);
  rig.clock->Step(kMostNs);
  CHECK(rig.log->surveys > surveys);
}

}  // namespace
}  // namespace gpuring
