// The driver's events: coalesced, bounded, and never in anybody's way.
#include "core/event_listener.h"

#include "check.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr int64_t kTogetherMs = EventListener::kTogetherNs / kMs;

SourceEvent Xid(size_t slot, uint64_t code) { return {EventKind::kXid, slot, code}; }

// What follows an equal event waits for 100 ms of the clock.
bool AwaitEvents(Rig* rig, size_t events) {
  return rig->AdvanceUntil(kTogetherMs * kMs / 2, [&] { return rig->Events().size() >= events; });
}

TEST("events: each at once, with its row, code and time; equal ones that follow become one") {
  Rig rig(Devices(2));
  rig.AwaitRunning();
  rig.host->AddEvents(Xid(1, 79), 3);
  rig.host->AddEvents(Xid(0, 79), 1);
  rig.host->AddEvents(Xid(1, 48), 1);
  rig.host->AddEvents({EventKind::kOther, SIZE_MAX, 1 << 20}, 1);
  CHECK(Eventually([&] { return rig.Events().size() == 4; }));  // the clock stands still
  CHECK(AwaitEvents(&rig, 5));
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
  CHECK_EQ(rig.HeaderNow(kBlockEventsWord), events.back().sequence);
}

TEST("events: a storm of 100,000 is one record, of 1,000 kinds 64 and a count, and none starves") {
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.host->AddEvents(Xid(0, 31), 100'000);
  const uint64_t polls = rig.log->polls[0];
  for (int i = 0; i < 10; i++) rig.clock->Step(kMs);
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  CHECK(rig.log->polls[0] >= polls + 5);
  const auto counted = [&] {
    uint64_t count = 0;
    for (const EventRecord& event : rig.Events()) count += event.count;
    return count;
  };
  CHECK(rig.AdvanceUntil(kMs, [&] { return counted() == 100'000; }));
  CHECK(rig.Events().size() < 1'000u);
  const size_t before = rig.Events().size();
  for (uint64_t code = 1; code <= 1'000; code++) rig.host->AddEvents(Xid(0, code), 1);
  CHECK(Eventually([&] { return rig.log->waits > 101'000; }));
  CHECK(rig.AdvanceUntil(kTogetherMs * kMs, [&] { return counted() == 101'000; }));
  CHECK(rig.Events().size() <= before + 66);
  CHECK_EQ(rig.EventCount(EventKind::kEventsDropped), 1u);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
}

TEST("events: a wait that fails is tried again, and is nobody else's trouble") {
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.host->SetWaitCode(StatusCode::kDriverError);
  CHECK(Eventually([&] { return rig.log->waits > 3; }));
  for (int i = 0; i < 3; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  CHECK_EQ(rig.Events().size(), 0u);
  rig.host->SetWaitCode(StatusCode::kTimeout);
  rig.host->AddEvents(Xid(0, 13), 1);
  CHECK(AwaitEvents(&rig, 1));
}

TEST("events: a driver without events is asked once, and again when it was opened anew") {
  Rig rig(Devices(1));
  rig.host->SetWaitCode(StatusCode::kNotSupported);
  rig.AwaitRunning();
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  CHECK(rig.log->waits <= 3u);
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
  CHECK(Eventually([&] { return rig.log->surveys > surveys; }));
}

}  // namespace
}  // namespace gpuring
