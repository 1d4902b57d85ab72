// A call about one device that never returns, whichever it is: nobody else notices.
#include <cmath>
#include <string>

#include "check.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr int64_t kTimeoutNs = 2'000 * kMs;  // the default
const std::vector<size_t> kAllEight = {0, 1, 2, 3, 4, 5, 6, 7};

constexpr std::array<std::pair<MemoryCall, const char*>, 6> kCalls = {{
    {MemoryCall::kPoll, "poll"},
    {MemoryCall::kDrain, "drain"},
    {MemoryCall::kDetail, "detail"},
    {MemoryCall::kLook, "look"},
    {MemoryCall::kSubscribe, "subscribe"},
    {MemoryCall::kAll, "all"},
}};

// Of the device's newest sample, now.
int64_t AgeNs(const Rig& rig, size_t row) {
  return rig.clock->MonotonicNs() - std::llround(rig.RowDouble(row, kRowStartWord) * 1e6);
}

// Moves time on once all is done that it set off; a call that hangs may be under way, but for no
// longer than it takes until its thread is left behind.
class Stepper {
 public:
  explicit Stepper(Rig* rig) : rig_(*rig) {}

  void Step(int64_t ns) {
    rig_.clock->Advance(ns);
    CHECK(Eventually([&] { return IsQuiet(); }));
  }

 private:
  bool IsQuiet() {
    const int at_gates = rig_.log->at_gates;
    const int64_t now_ns = rig_.clock->MonotonicNs();
    if (rig_.clock->AllWait()) {
      left_behind_ = at_gates;
      hangs_since_ns_ = INT64_MAX;
      return true;
    }
    if (at_gates <= left_behind_ || !rig_.clock->OthersWait()) return false;
    hangs_since_ns_ = std::min(hangs_since_ns_, now_ns);
    return now_ns - hangs_since_ns_ < kPeriodNs / 2;
  }

  Rig& rig_;
  int left_behind_ = 0;
  int64_t hangs_since_ns_ = INT64_MAX;
};

TEST("left behind: whichever call hangs about device 3, the others stay within two periods") {
  for (const auto& [call, name] : kCalls) {
    Event gate;
    Rig rig(Devices(8));
    rig.host->AddPoints(3, 0, {});
    rig.WatchAll(kAllEight);
    rig.host->SetDeviceGate(3, &gate, call);
    int64_t hung_ns = 0;
    Stepper stepper(&rig);
    for (int64_t at = 0; at < 10'000 * kMs; at += 10 * kMs) {
      stepper.Step(10 * kMs);
      for (const size_t row : kAllEight) {
        if (row != 3 && AgeNs(rig, row) >= 2 * kPeriodNs) {
          check::Fail(__FILE__, __LINE__, name + (": " + std::to_string(row)));
        }
      }
      if (hung_ns == 0 && rig.RowStatus(3) == StatusCode::kDeviceHung) hung_ns = AgeNs(rig, 3);
    }
    // Its newest sample is older than the call by a period at most; details are read every 5 s.
    if (hung_ns == 0 || hung_ns > kTimeoutNs + kPeriodNs + 100 * kMs) {
      check::Fail(__FILE__, __LINE__, name + (": hung after " + std::to_string(hung_ns)));
    }
    CHECK_EQ(rig.EventCount(EventKind::kDeviceHung), 1u);
    CHECK_EQ(rig.log->opens.load(), 1u);
    rig.host->SetDeviceGate(3, nullptr);
    gate.Set();
    CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.RowStatus(3) == StatusCode::kOk; }));
    CHECK(rig.AdvanceUntil(20 * kMs, [&] { return AgeNs(rig, 3) < 2 * kPeriodNs; }));
    CHECK_EQ(rig.EventCount(EventKind::kDeviceAnswered, 3), 1u);
  }
}

TEST("left behind: devices come and go while another one hangs in a look") {
  Event gate;
  const auto host = std::make_shared<MemoryHost>(Devices(4));
  host->SetPresent({0, 1, 2});
  Rig rig(host, {.period_ns = kPeriodNs, .history_samples = 50});
  rig.WatchAll({0, 1, 2});
  host->SetDeviceGate(1, &gate);
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.log->polls[1] > 1; }));
  host->SetPresent({0, 1, 2, 3});
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.EventCount(EventKind::kDeviceAdded) == 1; }));
  host->SetPresent({0, 1, 3});
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.EventCount(EventKind::kDeviceLost, 2) == 1; }));
  CHECK_EQ(rig.sampler->devices()->devices.size(), 4u);
  gate.Set();
}

TEST("left behind: a device that hangs, vanishes and comes back hanging is hung again") {
  std::array<Event, 2> gates;
  const auto host = std::make_shared<MemoryHost>(Devices(2));
  Rig rig(host, {.period_ns = kPeriodNs, .history_samples = 50});
  rig.WatchAll({0, 1});
  const auto hung = [&] { return rig.RowStatus(1) == StatusCode::kDeviceHung; };
  host->SetDeviceGate(1, &gates[0], MemoryCall::kPoll);
  CHECK(rig.AdvanceUntil(20 * kMs, hung));
  host->SetPresent({0});
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.RowStatus(1) == StatusCode::kDeviceLost; }));
  host->SetDeviceGate(1, nullptr);
  gates[0].Set();
  host->SetPresent({0, 1});
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.RowStatus(1) == StatusCode::kOk; }));
  host->SetDeviceGate(1, &gates[1]);
  CHECK(rig.AdvanceUntil(20 * kMs, hung));
  CHECK_EQ(rig.EventCount(EventKind::kDeviceHung, 1), 2u);
  gates[1].Set();
}

TEST("left behind: at the start, one that hangs hides none of the others, and is added later") {
  Event gate;
  const auto host = std::make_shared<MemoryHost>(Devices(4));
  host->SetDeviceGate(2, &gate);
  Rig rig(host, {.period_ns = kPeriodNs, .history_samples = 50});
  const int64_t start_ns = rig.clock->MonotonicNs();
  const auto running = [&] { return rig.sampler->state() == SamplerState::kRunning; };
  CHECK(rig.AdvanceUntil(20 * kMs, running));
  CHECK(rig.clock->MonotonicNs() - start_ns < 3 * kTimeoutNs);  // threads may lag
  rig.sampler->Watch(std::vector<size_t>{0, 1, 2});
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.log->polls[3] > 3; }));
  CHECK_EQ(rig.sampler->devices()->devices.size(), 3u);
  gate.Set();
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.EventCount(EventKind::kDeviceAdded) == 1; }));
  CHECK_EQ(rig.sampler->devices()->devices.size(), 4u);
  CHECK_EQ(rig.log->opens.load(), 1u);
}

TEST("left behind: a topology that takes for ever is unknown, one that takes long comes later") {
  Event gate;
  const auto host = std::make_shared<MemoryHost>(Devices(3));
  host->SetTopologyGate(&gate);
  Rig rig(host, {.period_ns = kPeriodNs, .history_samples = 50});
  const auto running = [&] { return rig.sampler->state() == SamplerState::kRunning; };
  CHECK(rig.AdvanceUntil(20 * kMs, running));
  rig.sampler->Watch(std::vector<size_t>{0, 1, 2});
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.log->polls[2] > 3; }));
  CHECK_EQ(rig.sampler->devices()->topology.size(), 9u);
  CHECK_EQ(rig.sampler->devices()->topology[1].link, Link::kUnknown);
  gate.Set();
  const auto known = [&] { return rig.sampler->devices()->topology[1].link == Link::kSystem; };
  CHECK(rig.AdvanceUntil(20 * kMs, known));
  CHECK_EQ(rig.EventCount(EventKind::kDeviceHung), 0u);
}

TEST("left behind: a driver that cannot even be closed is opened again beside that") {
  Event gate;
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.host->SetCloseGate(&gate);
  rig.host->SetLibrary(StatusCode::kDriverNotLoaded);
  rig.clock->Advance(kPeriodNs);
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kLost; }));
  rig.host->SetLibrary(StatusCode::kOk);
  CHECK(rig.AdvanceUntil(50 * kMs, [&] { return rig.RowStatus(0) == StatusCode::kOk; }));
  CHECK_EQ(rig.log->closes.load(), 0u);
  CHECK_EQ(rig.log->opens.load(), 2u);
  gate.Set();
}

TEST("left behind: a suspension says so only once the driver is closed, and can be taken back") {
  Event gate;
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.host->SetCloseGate(&gate);
  rig.sampler->Suspend();
  CHECK(Eventually([&] { return rig.RowStatus(0) == StatusCode::kSuspended; }));
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  rig.sampler->Resume();
  CHECK(rig.AdvanceUntil(50 * kMs, [&] { return rig.RowStatus(0) == StatusCode::kOk; }));
  CHECK_EQ(rig.Events().size(), 0u);  // nothing that was said is to be taken back
  gate.Set();
}

TEST("left behind: a wait for events that never ends costs events, and nothing else") {
  Event gate;
  Rig rig(Devices(2));
  rig.host->SetWaitGate(&gate);
  rig.WatchAll({0, 1});
  for (int i = 0; i < 10; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.History(1).size(), 11u);
  rig.host->SetLibrary(StatusCode::kDriverGone);
  rig.clock->Step(kPeriodNs);
  rig.host->SetLibrary(StatusCode::kOk);
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Driver(), DriverState::kServing);
  CHECK_EQ(rig.RowStatus(1), StatusCode::kOk);
  gate.Set();
}

TEST("left behind: a stop does not wait until a call about the driver counts as hung") {
  Event gate;
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.host->SetCountGate(&gate);
  const uint64_t before = rig.log->surveys;
  CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.log->surveys > before; }));
  rig.sampler->RequestStop();
  CHECK(Eventually([&] { return rig.History(0).empty(); }));  // memory is free already
  CHECK(!rig.sampler->WaitStopped(20 * kMs));
  gate.Set();
  CHECK(rig.sampler->WaitStopped(kLongNs));
  CHECK_EQ(rig.log->closes.load(), 1u);
}

TEST("driver: one that does not come back after a resume is lost, and says so") {
  Rig rig(Devices(1));
  rig.WatchAll({0});
  rig.sampler->Suspend();
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kSuspended; }));
  rig.host->SetLibrary(StatusCode::kDriverNotLoaded);
  rig.sampler->Resume();
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kLost; }));
  rig.sampler->Suspend();
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kSuspended; }));
  rig.sampler->Resume();
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kLost; }));
  rig.host->SetLibrary(StatusCode::kOk);
  CHECK(rig.AdvanceUntil(50 * kMs, [&] { return rig.RowStatus(0) == StatusCode::kOk; }));
  CHECK_EQ(rig.EventCount(EventKind::kDriverLost), 1u);
  CHECK_EQ(rig.EventCount(EventKind::kDriverRestored), 1u);
}

}  // namespace
}  // namespace gpuring
