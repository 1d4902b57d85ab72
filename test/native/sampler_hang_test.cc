// Calls that do not come back: what becomes of the device, of the others, and of the process.
#include <string>

#include "check.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr int64_t kTimeoutNs = 2'000 * kMs;  // the default
const std::vector<size_t> kAllEight = {0, 1, 2, 3, 4, 5, 6, 7};

TEST("hang: the other seven stay in cadence, the device is hung in time, and comes back") {
  Event gate;
  Rig rig(Devices(8));
  rig.WatchAll(kAllEight);
  rig.host->SetAnswer(3, Hanging(&gate));
  const int64_t start = rig.clock->MonotonicNs() + kPeriodNs;
  CHECK(rig.AdvanceUntil(kPeriodNs / 2, [&] { return rig.log->polls[3] == 2; }));
  const uint64_t before = rig.log->polls[7];
  CHECK(rig.AdvanceUntil(5 * kMs, [&] { return rig.log->polls[7] > before; }));  // taken over
  CHECK(rig.clock->MonotonicNs() - start <= 2 * kPeriodNs);
  rig.clock->AwaitWaiter();
  uint64_t rounds = rig.log->polls[7];
  while (rig.clock->MonotonicNs() < start + kTimeoutNs - kPeriodNs) {
    rig.clock->Step(kPeriodNs);
    CHECK_EQ(rig.log->polls[7].load(), ++rounds);
    CHECK_EQ(rig.RowStatus(3), StatusCode::kOk);
  }
  CHECK(rig.AdvanceUntil(5 * kMs, [&] { return rig.RowStatus(3) == StatusCode::kDeviceHung; }));
  CHECK(rig.clock->MonotonicNs() <= start + kTimeoutNs + 100 * kMs);
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceHung), 1u);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceHung, 3), 1u);
  CHECK_EQ(rig.RowDouble(3, kRowSequenceWord), 1.0);  // the last sample stays, and ages
  CHECK_EQ(rig.log->polls[3].load(), 2u);             // nobody else goes near it
  rig.host->SetAnswer(3, std::nullopt);
  gate.Set();
  CHECK(Eventually([&] { return rig.RowStatus(3) == StatusCode::kOk; }));
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceAnswered, 3), 1u);
  CHECK(rig.History(3).size() >= 2);
  CHECK_EQ(rig.RowMetric(3, MetricId::kPowerWatts), 1.0);
}

TEST("hang: a call that is only slow still gives its sample") {
  Event gate;
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  rig.host->SetAnswer(0, Hanging(&gate));
  rig.clock->Advance(kPeriodNs);
  CHECK(rig.AdvanceUntil(5 * kMs, [&] { return rig.log->polls[1] == 2; }));
  gate.Set();
  CHECK(Eventually([&] { return rig.History(0).size() >= 2; }));
  CHECK_EQ(rig.History(0)[1].ValueOf(MetricId::kPowerWatts), 9'000);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceHung), 0u);
}

TEST("hang: four threads hang and no fifth is started; what comes back goes on") {
  std::array<Event, 5> gates;
  Rig rig(Devices(6));
  rig.WatchAll({0, 1, 2, 3, 4, 5});
  for (size_t at = 0; at < gates.size(); at++) rig.host->SetAnswer(at, Hanging(&gates[at]));
  const auto all_hung = [&] {
    for (size_t at = 0; at < 4; at++) {
      if (rig.RowStatus(at) != StatusCode::kDeviceHung) return false;
    }
    return true;
  };
  CHECK(rig.AdvanceUntil(20 * kMs, all_hung));
  for (int i = 0; i < 20; i++) rig.clock->Advance(kPeriodNs);
  CHECK_EQ(rig.log->polls[4].load(), 1u);  // everybody waits
  CHECK_EQ(rig.log->polls[5].load(), 1u);
  gates[4].Set();
  gates[0].Set();
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.log->polls[5] > 3; }));
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.RowStatus(0) == StatusCode::kOk; }));
  CHECK_EQ(rig.RowStatus(1), StatusCode::kDeviceHung);
  for (Event& gate : gates) gate.Set();
}

TEST("hang: a count that hangs makes all devices hung; a fresh source takes over, once") {
  Event gate;
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  rig.host->SetCountGate(&gate);
  CHECK(rig.AdvanceUntil(50 * kMs, [&] { return rig.log->opens == 2; }));
  CHECK_EQ(rig.EventCount(EventKind::kDeviceHung), 2u);
  // The replacement hangs as well: there is no third.
  for (int i = 0; i < 100; i++) {
    rig.clock->Advance(kPeriodNs);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK_EQ(rig.log->opens.load(), 2u);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kDeviceHung);
  rig.host->SetCountGate(nullptr);
  gate.Set();
  CHECK(rig.AdvanceUntil(50 * kMs, [&] { return rig.RowStatus(1) == StatusCode::kOk; }));
  CHECK_EQ(rig.EventCount(EventKind::kDriverLost), 0u);
  rig.sampler->RequestStop();
  CHECK(rig.sampler->WaitStopped(kLongNs));
  CHECK_EQ(rig.log->closes.load(), rig.log->opens.load());
}

TEST("hang: a stop does not wait for the device, and the end shows when its thread is out") {
  Event gate;
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  rig.host->SetAnswer(0, Hanging(&gate));
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.log->polls[1] > 2; }));
  rig.sampler->RequestStop();
  CHECK(!rig.sampler->WaitStopped(100 * kMs));
  CHECK_EQ(rig.History(1).size(), 0u);  // all memory is free already
  CHECK_EQ(rig.log->closes.load(), 0u);
  gate.Set();
  CHECK(rig.sampler->WaitStopped(kLongNs));
  CHECK_EQ(rig.log->closes.load(), 1u);
}

TEST("hang: on the real clock a device that answers late costs the others nothing") {
  const auto host = std::make_shared<MemoryHost>(Devices(4));
  auto sampler = Sampler::Start(std::make_shared<RealClock>(),
                                OptionsFor(host, {.period_ns = 5 * kMs, .history_samples = 4'000}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0, 1, 2, 3});
  MemoryAnswer late = Answer(1);
  late.delay_ns = 120 * kMs;
  host->SetAnswer(1, late);
  CHECK(Eventually([&] { return host->log()->polls[3] > 150; }));
  CHECK(host->log()->polls[1] < 20);
  CHECK(host->log()->polls[1] > 3);
  sampler->RequestStop();
  CHECK(sampler->WaitStopped(kLongNs));
}

// Everything that can go wrong, again and again, with everybody looking on.
TEST("hang: faults of all kinds at once leave a sampler that serves") {
  const auto host = std::make_shared<MemoryHost>(Devices(6));
  auto sampler = Sampler::Start(
      std::make_shared<RealClock>(),
      OptionsFor(host, {.period_ns = kMs, .history_samples = 8, .hang_timeout_ns = 60 * kMs}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(kAllEight);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    std::vector<Sample> samples(64);
    std::array<MetricReport, kMetricCount> reports;
    DeviceDetail detail;
    std::vector<EventRecord> events(256);
    while (!done) {
      HistoryRead read;
      sampler->ReadHistory({2, Tier::kFast, 1}, samples, &read);
      (void)sampler->ReadReports(2, reports);
      (void)sampler->ReadDetail(2, &detail);
      (void)sampler->events().Read(1, events);
      if (sampler->devices()->devices.size() > 6) check::Fail(__FILE__, __LINE__, "devices");
    }
  });
  MemoryAnswer late = Answer(1);
  late.delay_ns = 90 * kMs;
  for (size_t turn = 0; turn < 60; turn++) {
    const size_t device = turn % 6;
    host->SetAnswer(device, turn % 2 == 0 ? late : Failing(StatusCode::kDeviceLost));
    if (turn % 3 == 0) host->SetPresent({5, 3, 1, 2});
    if (turn % 7 == 0) host->SetLibrary(StatusCode::kDriverGone);
    if (turn % 11 == 0) sampler->Suspend();
    host->AddEvents({EventKind::kMigConfiguration, device, turn}, 500);
    (void)sampler->GrowHistory(8 + turn);
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    if (turn % 11 == 0) sampler->Resume();
    host->SetLibrary(StatusCode::kOk);
    host->SetPresent({0, 1, 2, 3, 4, 5});
    host->SetAnswer(device, std::nullopt);
  }
  done = true;
  reader.join();
  const auto served = [&](size_t row) {
    const StdAtomics::Cell* const cells = sampler->block()->cells();
    const size_t stride = cells[kBlockRowStrideWord].Load(Order::kRelaxed);
    return cells[kBlockHeaderWords + row * stride + kRowStatusWord].Load(Order::kAcquire) == 0;
  };
  const uint64_t before = host->log()->polls[0];
  CHECK(Eventually([&] { return host->log()->polls[0] > before + 20; }));
  for (size_t row = 0; row < 6; row++) CHECK(Eventually([&] { return served(row); }));
  sampler->RequestStop();
  CHECK(sampler->WaitStopped(kLongNs));
  CHECK_EQ(host->log()->closes.load(), host->log()->opens.load());
}

}  // namespace
}  // namespace gpuring
