// Devices that come and go, drivers that do, suspension, low power.
#include <numeric>
#include <string>

#include "check.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

std::vector<std::string> Listed(const Rig& rig) {
  std::vector<std::string> listed;
  for (const DeviceEntry& entry : rig.sampler->devices()->devices) {
    listed.push_back(std::to_string(entry.row) + (entry.present ? "" : " gone"));
  }
  return listed;
}
using Rows = std::vector<std::string>;

MemoryDevice Instance(const char* uuid) {
  MemoryDevice device = Device({Answer(100)});
  device.identity.uuid = uuid;
  device.identity.parent_uuid = "GPU-memory-0";
  return device;
}

TEST("devices: lost is seen within one poll, said once, and others miss nothing") {
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  MemoryAnswer lost = Failing(StatusCode::kDeviceLost);
  rig.host->SetAnswer(0, lost);
  for (int i = 0; i < 3; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kDeviceLost);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceLost, 0), 1u);
  CHECK_EQ(rig.History(1).size(), 4u);
  CHECK_EQ(rig.log->polls[0].load(), 4u);  // asked again each round
  rig.host->SetAnswer(0, std::nullopt);
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceReturned, 0), 1u);
  CHECK_EQ(rig.Header(kBlockEventsWord), rig.sampler->events().Newest());
  CHECK_EQ(rig.Events().size(), 2u);
}

TEST("devices: one that was reset while it was lost says so when it returns") {
  MemoryAnswer counting = Answer(1'000);
  counting.values.push_back({MetricId::kEnergyJoules, 500'000});
  Rig rig({.devices = {Device({counting})}});
  rig.WatchAll({0});
  for (const int64_t counter : {600'000, 7}) {
    rig.host->SetAnswer(0, Failing(StatusCode::kDeviceLost));
    rig.clock->Step(kPeriodNs);
    counting.values.back().second = counter;
    rig.host->SetAnswer(0, counting);
    rig.clock->Step(kPeriodNs);
  }
  CHECK_EQ(rig.Events().size(), 4u);
  CHECK_EQ(rig.Events()[1].code, 0u);
  CHECK_EQ(rig.Events()[3].code, 1u);
  CHECK_EQ(rig.RowMetric(0, MetricId::kEnergyJoules), 600.0);  // goes on from where it was
}

TEST("devices: one that vanishes stays listed, and comes back to its row under any number") {
  Rig rig(Devices(3));
  rig.WatchAll({0, 1, 2});
  const uint64_t generation = rig.Header(kBlockDevicesWord);
  CHECK_EQ(rig.sampler->devices()->topology.size(), 9u);
  rig.host->SetPresent({0, 2});
  rig.clock->Step(kPeriodNs);
  CHECK(Listed(rig) == Rows({"0", "2", "1 gone"}));
  CHECK_EQ(rig.Header(kBlockDevicesWord), generation + 1);
  CHECK_EQ(rig.sampler->devices()->generation, generation + 1);
  CHECK_EQ(rig.sampler->devices()->topology[1].link, Link::kSystem);
  CHECK_EQ(rig.sampler->devices()->topology[2].link, Link::kUnknown);
  CHECK_EQ(rig.RowStatus(1), StatusCode::kDeviceLost);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceLost, 1), 1u);
  rig.host->SetPresent({2, 1, 0});
  rig.clock->Step(kPeriodNs);
  rig.clock->Step(kPeriodNs);
  CHECK(Listed(rig) == Rows({"2", "1", "0"}));
  CHECK_EQ(rig.EventCount(EventKind::kDeviceReturned, 1), 1u);
  CHECK_EQ(rig.RowStatus(1), StatusCode::kOk);
  CHECK_EQ(rig.Events().size(), 2u);
}

TEST("devices: instances come and go for good, their history with them") {
  MemoryScript script = Devices(1);
  script.devices.push_back(Instance("MIG-a"));
  script.devices.push_back(Instance("MIG-b"));
  const auto host = std::make_shared<MemoryHost>(std::move(script));
  host->SetPresent({0, 1});
  Rig rig(host, {.period_ns = kPeriodNs, .history_samples = 50});
  rig.WatchAll({0, 1});
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.History(1).size(), 2u);
  host->SetPresent({0, 2});
  rig.clock->Step(kPeriodNs);
  CHECK(Listed(rig) == Rows({"0", "2"}));
  CHECK_EQ(rig.EventCount(EventKind::kDeviceRemoved, 1), 1u);
  CHECK_EQ(rig.EventCount(EventKind::kDeviceAdded, 2), 1u);
  CHECK_EQ(rig.History(1).size(), 0u);
  rig.WatchAll({2});
  CHECK_EQ(rig.History(2).size(), 1u);
  host->SetPresent({0, 1});
  rig.clock->Step(kPeriodNs);
  rig.clock->Step(kPeriodNs);
  CHECK(rig.History(1).front().sequence > 2);  // no sequence is given twice
  CHECK_EQ(rig.sampler->identity().skipped_devices, 0u);
}

TEST("devices: more than there are rows are left out and counted") {
  MemoryScript script = Devices(Sampler::kRows + 3);
  script.identity.skipped_devices = 1;
  std::vector<size_t> present(Sampler::kRows);
  std::iota(present.begin(), present.end(), size_t{0});
  const auto host = std::make_shared<MemoryHost>(std::move(script));
  host->SetPresent(present);
  Rig rig(host, {.period_ns = kPeriodNs, .history_samples = 1});
  rig.AwaitRunning();
  CHECK_EQ(rig.sampler->devices()->devices.size(), Sampler::kRows);
  CHECK_EQ(rig.sampler->identity().skipped_devices, 1u);
  std::iota(present.begin(), present.end(), size_t{3});
  host->SetPresent(present);
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.sampler->devices()->devices.size(), Sampler::kRows);  // three of them gone
  CHECK_EQ(rig.sampler->identity().skipped_devices, 4u);
}

TEST("driver: gone and back, with devices in another order and ever longer pauses between") {
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  rig.host->SetLibrary(StatusCode::kDriverNotLoaded);
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Driver(), DriverState::kLost);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kDriverNotLoaded);
  CHECK_EQ(rig.RowStatus(1), StatusCode::kDriverNotLoaded);
  CHECK(Eventually([&] { return rig.log->closes == 1; }));
  int64_t at = 0;
  std::vector<int64_t> attempts;
  for (uint64_t opens = 1; at < 16'000 * kMs; at += 50 * kMs) {
    rig.clock->Step(50 * kMs);
    if (rig.log->opens > opens) attempts.push_back((at + 50 * kMs) / kMs);
    opens = rig.log->opens;
  }
  CHECK(attempts == std::vector<int64_t>({250, 750, 1'750, 3'750, 7'750, 11'750, 15'750}));
  CHECK_EQ(rig.EventCount(EventKind::kDriverLost), 1u);
  rig.host->SetPresent({1, 0});
  rig.host->SetLibrary(StatusCode::kOk);
  for (int i = 0; i < 41; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  CHECK_EQ(rig.EventCount(EventKind::kDriverRestored), 1u);
  CHECK(Listed(rig) == Rows({"1", "0"}));
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
  CHECK_EQ(rig.sampler->state(), SamplerState::kRunning);
  CHECK(Eventually([&] { return rig.log->closes + 1 == rig.log->opens; }));
}

TEST("driver: unknown errors from all devices for two rounds open it anew, and say nothing") {
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  const MemoryAnswer unknown = Failing(StatusCode::kDriverError);
  rig.host->SetAnswer(0, unknown);
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->opens.load(), 1u);  // one of them is no reason
  rig.host->SetAnswer(1, unknown);
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->closes.load(), 0u);
  rig.clock->Step(kPeriodNs);
  CHECK(Eventually([&] { return rig.log->closes == 1; }));
  CHECK_EQ(rig.RowStatus(0), StatusCode::kDriverError);
  rig.host->SetAnswer(0, std::nullopt);
  for (int i = 0; i < 3; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->opens.load(), 2u);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
  CHECK_EQ(rig.Events().size(), 0u);
}

TEST("suspend: the driver is let go of, and comes back with the last resume") {
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.sampler->Suspend();
  rig.sampler->Suspend();
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kSuspended; }));
  CHECK(Eventually([&] { return rig.log->closes == 1; }));
  CHECK_EQ(rig.RowStatus(0), StatusCode::kSuspended);
  const uint64_t polls = rig.log->polls[0];
  rig.sampler->Resume();
  for (int i = 0; i < 3; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[0].load(), polls);
  rig.sampler->Resume();
  CHECK(Eventually([&] { return rig.log->polls[0] > polls; }));
  rig.clock->AwaitWaiter();
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
  CHECK_EQ(rig.EventCount(EventKind::kSuspended), 1u);
  CHECK_EQ(rig.EventCount(EventKind::kResumed), 1u);
  CHECK_EQ(rig.Events().size(), 2u);
}

TEST("suspend: with a thread that hangs in it the driver is not let go of before it is out") {
  Event gate;
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  MemoryAnswer hanging = Answer(1);
  hanging.gate = &gate;
  rig.host->SetAnswer(0, hanging);
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.log->polls[1] > 2; }));
  rig.sampler->Suspend();
  CHECK(Eventually([&] { return rig.RowStatus(1) == StatusCode::kSuspended; }));
  rig.clock->Step(200 * kMs);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  gate.Set();
  CHECK(rig.AdvanceUntil(50 * kMs, [&] { return rig.Driver() == DriverState::kSuspended; }));
  CHECK(Eventually([&] { return rig.log->closes == 1; }));
}

MemoryAnswer Utilised(int64_t percent) {
  return {.values = {{MetricId::kComputeUtilizationPercent, percent}}};
}

TEST("low power: idle devices are let go of, and asked again once somebody keeps them awake") {
  Rig rig({.devices = {Device({Utilised(0)})}},
          {.period_ns = kPeriodNs, .history_samples = 50, .idle_release_ns = 1'000 * kMs});
  rig.WatchAll({0});
  rig.host->SetAnswer(0, Utilised(30));
  for (int i = 0; i < 20; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  rig.host->SetAnswer(0, std::nullopt);
  rig.host->SetWouldWake(true);
  for (int i = 0; i < 12; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Driver(), DriverState::kReleased);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kDeviceAsleep);
  CHECK(Eventually([&] { return rig.log->closes == 1; }));
  for (int i = 0; i < 300; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->opens.load(), 1u);  // it sleeps, for as long as it likes
  rig.host->SetWouldWake(false);
  for (int i = 0; i < 98; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->opens.load(), 1u);
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->opens.load(), 2u);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  CHECK_EQ(rig.RowStatus(0), StatusCode::kOk);
}

TEST("low power: a device with a process is not idle") {
  Rig rig({.devices = {Device({Utilised(0)})}},
          {.period_ns = kPeriodNs, .history_samples = 50, .idle_release_ns = 500 * kMs});
  DeviceDetail detail;
  detail.process_count = 1;
  rig.host->SetDetail(0, detail);
  rig.WatchAll({0});
  for (int i = 0; i < 30; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
}

TEST("low power: a start wakes nobody") {
  const auto host = std::make_shared<MemoryHost>(Devices(1));
  host->SetWouldWake(true);
  Rig rig(host, {.period_ns = kPeriodNs, .history_samples = 5, .idle_release_ns = 1'000 * kMs});
  rig.AwaitRunning();
  CHECK_EQ(rig.sampler->state(), SamplerState::kRunning);
  CHECK_EQ(rig.sampler->devices()->devices.size(), 0u);
  CHECK_EQ(rig.Driver(), DriverState::kReleased);
  CHECK_EQ(rig.log->opens.load(), 0u);
  CHECK_EQ(rig.sampler->HistoryCapacity(), 5u);
  host->SetWouldWake(false);
  for (int i = 0; i < 104; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.sampler->devices()->devices.size(), 1u);
  rig.WatchAll({0});
  CHECK_EQ(rig.History(0).size(), 1u);
}

}  // namespace
}  // namespace gpuring
