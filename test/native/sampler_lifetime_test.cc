// How a sampler begins and ends: failures, hangs, threads left behind.
#include <atomic>
#include <chrono>
#include <thread>

#include "check.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

TEST("sampler lifetime: opens on its own thread, and says what it found") {
  Event gate;
  MemoryScript script = {.devices = {Device({Answer(1)})}, .open_gate = &gate};
  script.identity.driver_version = "570.1";
  Rig rig(std::move(script));
  CHECK_EQ(rig.sampler->state(), SamplerState::kOpening);
  CHECK(!rig.sampler->WaitOpened(kMs));
  CHECK_EQ(rig.sampler->HistoryCapacity(), 0u);
  gate.Set();
  rig.AwaitRunning();
  CHECK_EQ(rig.sampler->state(), SamplerState::kRunning);
  CHECK(rig.sampler->status().ok());
  CHECK_EQ(rig.sampler->devices()->devices.size(), 1u);
  CHECK_EQ(rig.sampler->devices()->devices[0].identity.uuid, std::string("GPU-memory-0"));
  CHECK_EQ(rig.sampler->identity().driver_version, std::string("570.1"));
  CHECK_EQ(rig.Header(kBlockStateWord), static_cast<uint64_t>(SamplerState::kRunning));
  CHECK_EQ(rig.Header(kBlockRowsWord), 1u);
}

TEST("sampler lifetime: a failed open keeps its status and closes the source") {
  Rig rig({.open_status = Status::Error(StatusCode::kNoPermission, "may not", "ask root")});
  CHECK(rig.sampler->WaitStopped(kLongNs));
  CHECK(rig.sampler->WaitOpened(0));
  CHECK_EQ(rig.sampler->state(), SamplerState::kFailed);
  CHECK_EQ(rig.sampler->status().code(), StatusCode::kNoPermission);
  CHECK_EQ(rig.sampler->status().message(), std::string("may not"));
  CHECK_EQ(rig.log->closes.load(), 1u);
  rig.sampler->RequestStop();
  CHECK_EQ(rig.sampler->state(), SamplerState::kFailed);
}

TEST("sampler lifetime: a stop ends the thread, closes the source, shows in the block") {
  Rig rig({.devices = {Device({Answer(1)})}});
  rig.WatchAll({0});
  rig.sampler->RequestStop();
  CHECK(rig.sampler->WaitStopped(kLongNs));
  CHECK(rig.sampler->WaitStopped(0));
  CHECK_EQ(rig.sampler->state(), SamplerState::kStopped);
  CHECK_EQ(rig.Header(kBlockStateWord), static_cast<uint64_t>(SamplerState::kStopped));
  CHECK_EQ(rig.log->closes.load(), 1u);
  CHECK_EQ(rig.History(0).size(), 0u);  // its memory went with the thread
  CHECK_EQ(rig.RowMetric(0, MetricId::kPowerWatts), 0.001);
}

TEST("sampler lifetime: block and clock outlive the handle") {
  auto rig = std::make_unique<Rig>(MemoryScript{.devices = {Device({Answer(4'000)})}});
  rig->WatchAll({0});
  const std::shared_ptr<BlockMemory> block = rig->sampler->block();
  rig.reset();
  CHECK_EQ(block->words()[kBlockStateWord], static_cast<uint64_t>(SamplerState::kStopped));
}

TEST("sampler lifetime: dropping the handle stops the thread without waiting") {
  Event gate;
  MemoryAnswer hanging = Answer(1);
  hanging.gate = &gate;
  const auto host = std::make_shared<MemoryHost>(MemoryScript{.devices = {Device({hanging})}});
  const std::shared_ptr<MemoryLog> log = host->log();
  auto sampler = Sampler::Start(std::make_shared<RealClock>(), OptionsFor(host, {}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0});
  CHECK(Eventually([&] { return log->polls[0] == 1; }));
  const int64_t start = MonotonicNowNs();
  sampler->RequestStop();
  CHECK(!sampler->WaitStopped(100 * kMs));
  const int64_t waited = MonotonicNowNs() - start;
  CHECK(waited >= 100 * kMs && waited < 2'000 * kMs);
  sampler.reset();
  CHECK_EQ(log->closes.load(), 0u);
  gate.Set();  // the thread left behind ends by itself, on its own state
  CHECK(Eventually([&] { return log->closes == 1; }));
}

TEST("sampler lifetime: a stop while opening lets the open finish, then closes") {
  Event gate;
  Rig rig({.devices = {Device({Answer(1)})}, .open_gate = &gate});
  CHECK(Eventually([&] { return rig.log->opens == 1; }));
  rig.sampler->RequestStop();
  CHECK(!rig.sampler->WaitStopped(20 * kMs));
  gate.Set();
  CHECK(rig.sampler->WaitStopped(kLongNs));
  CHECK_EQ(rig.sampler->state(), SamplerState::kStopped);
  CHECK_EQ(rig.log->closes.load(), 1u);
  CHECK_EQ(rig.log->polls[0].load(), 0u);
}

TEST("sampler lifetime: 200 starts and stops on the real clock") {
  for (int i = 0; i < 200; i++) {
    const auto host =
        std::make_shared<MemoryHost>(MemoryScript{.devices = {Device({Answer(1'000)})}});
    auto sampler = Sampler::Start(std::make_shared<RealClock>(),
                                  OptionsFor(host, {.period_ns = kMs / 10, .history_samples = 8}));
    if (i % 3 != 0) {
      CHECK(sampler->WaitOpened(kLongNs));
      if (sampler->state() == SamplerState::kRunning) sampler->Watch(std::vector<size_t>{0});
    }
    sampler->RequestStop();
    CHECK(sampler->WaitStopped(kLongNs));
    CHECK_EQ(sampler->state(), SamplerState::kStopped);
  }
}

// Everything that other threads may do to a running sampler, at once.
TEST("sampler lifetime: readers, watchers and requests race the thread") {
  const auto host = std::make_shared<MemoryHost>(
      MemoryScript{.devices = {Device({Answer(1'000), Answer(2'000)}), Device({Answer(3'000)})}});
  auto sampler = Sampler::Start(std::make_shared<RealClock>(),
                                OptionsFor(host, {.period_ns = kMs / 10, .history_samples = 4}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0, 1});
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0};
  std::thread reader([&] {
    std::vector<Sample> samples(64);
    for (uint64_t next = 1; !done;) {
      HistoryRead read;
      sampler->ReadHistory({0, Tier::kFast, next}, samples, &read);
      for (uint64_t i = 0; i < read.count; i++) {
        if (samples[i].sequence < next) wrong++;
        next = samples[i].sequence + 1;
      }
      if (read.next != next && read.count + read.lost == 0) wrong++;
    }
  });
  std::thread watcher([&] {
    while (!done) {
      sampler->Watch(std::vector<size_t>{1});
      sampler->Unwatch(std::vector<size_t>{1});
    }
  });
  for (uint64_t samples = 5; samples < 150; samples++) {
    CHECK(sampler->GrowHistory(samples).ok());
    sampler->SetPeriodNs(kMs / 10 + static_cast<int64_t>(samples));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  done = true;
  reader.join();
  watcher.join();
  CHECK_EQ(wrong.load(), 0u);
}

// Leaves its thread hanging for good: if that kept the process from ending, the run would hang.
TEST("sampler lifetime: a thread that hangs for ever does not keep the process") {
  static Event* const never = new Event();
  MemoryAnswer hanging = Answer(1);
  hanging.gate = never;
  const auto host = std::make_shared<MemoryHost>(MemoryScript{.devices = {Device({hanging})}});
  const std::shared_ptr<MemoryLog> log = host->log();
  auto sampler = Sampler::Start(std::make_shared<RealClock>(), OptionsFor(host, {}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0});
  CHECK(Eventually([&] { return log->polls[0] == 1; }));
  sampler->RequestStop();
  CHECK(!sampler->WaitStopped(10 * kMs));
}

}  // namespace
}  // namespace gpuring
