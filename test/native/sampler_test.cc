// What the sampler polls, when, and what it says about it.
#include "core/sampler.h"

#include <cmath>

#include "check.h"
#include "core/row_memory.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr auto kLost = StatusCode::kDeviceLost;
constexpr Pace kPace = {kPeriodNs, {kPeriodNs, 1'000 * kMs, 5'000 * kMs}};

TEST("sampler: polls at absolute deadlines, without drift") {
  Rig rig({.devices = {Device({Answer(1)})}});
  rig.WatchAll({0});
  const int64_t start = rig.clock->MonotonicNs();
  // Uneven steps: what counts is when a deadline passes, not when the test moved.
  for (int64_t at = 0; at < 20 * kPeriodNs;) {
    const int64_t step = at % (3 * kMs) == 0 ? 7 * kMs : kPeriodNs / 2;
    at += step;
    CHECK_EQ((rig.clock->Step(step) - start) % kPeriodNs, 0);
  }
  const std::vector<Sample> samples = rig.History(0);
  CHECK(samples.size() >= 20);
  for (size_t i = 1; i < samples.size(); i++) {
    const int64_t late = (samples[i].start_ns - start) - static_cast<int64_t>(i) * kPeriodNs;
    CHECK(late >= 0 && late < kPeriodNs);
  }
  CHECK_EQ(rig.Header(kBlockMissedDeadlinesWord), 0u);
}

TEST("sampler: after a stall one round, not a burst, and the deadlines are counted") {
  Rig rig({.devices = {Device({Answer(1)})}});
  rig.WatchAll({0});
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[0].load(), 2u);
  const int64_t next = rig.clock->Step(5 * kPeriodNs + kPeriodNs / 2);
  CHECK_EQ(rig.log->polls[0].load(), 3u);
  CHECK_EQ(next - rig.clock->MonotonicNs(), kPeriodNs / 2);
  CHECK_EQ(rig.Header(kBlockMissedDeadlinesWord), 4u);
}

TEST("sampler: a sample carries its times and lands in history and block") {
  Rig rig({.devices = {Device({Answer(70'000), Answer(71'000)})}});
  rig.WatchAll({0});
  rig.clock->Step(kPeriodNs);
  const std::vector<Sample> samples = rig.History(0);
  CHECK_EQ(samples.size(), 2u);
  CHECK_EQ(samples.back().sequence, 2u);
  CHECK_EQ(samples.back().start_ns, rig.clock->MonotonicNs());
  CHECK_EQ(samples.back().wall_us, rig.clock->WallUs());
  CHECK_EQ(rig.RowDouble(0, kRowSequenceWord), 2.0);
  CHECK_EQ(rig.RowMetric(0, MetricId::kPowerWatts), 71.0);
  CHECK(std::isnan(rig.RowMetric(0, MetricId::kFanSpeedPercent)));
  CHECK_EQ(rig.RowDouble(0, kRowStartWord), NsToMs(rig.clock->MonotonicNs()));
  CHECK_EQ(std::bit_cast<double>(rig.Header(kBlockRoundStartWord)),
           NsToMs(rig.clock->MonotonicNs()));
  CHECK_EQ(rig.Header(kBlockRoundsWord), 2u);  // at the start and at the deadline
}

TEST("sampler: only rows with a watcher are polled, each watch counts") {
  Rig rig({.devices = {Device({Answer(1)}), Device({Answer(2)})}});
  rig.AwaitRunning();
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[0].load() + rig.log->polls[1].load(), 0u);
  rig.WatchAll({1});
  rig.WatchAll({1, 99});
  CHECK_EQ(rig.log->polls[1].load(), 1u);  // at once for the first watcher, not for the second
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[0].load(), 0u);
  CHECK_EQ(rig.log->polls[1].load(), 2u);
  rig.sampler->Unwatch(std::vector<size_t>{1});
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[1].load(), 3u);
  rig.sampler->Unwatch(std::vector<size_t>{1, 99});
  rig.sampler->Unwatch(std::vector<size_t>{1});  // one too many changes nothing
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[1].load(), 3u);
  rig.WatchAll({1});
  CHECK_EQ(rig.log->polls[1].load(), 4u);
  CHECK_EQ(rig.RowWord(0, kRowLockWord), 0u);
}

TEST("sampler: a lost device publishes no sample, its last one stays, it may come back") {
  MemoryAnswer lost = Answer(99);
  lost.code = kLost;
  Rig rig({.devices = {Device({Answer(1'000), lost, {}, Answer(2'000)}), Device({Answer(5'000)})}});
  rig.WatchAll({0, 1});
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.RowWord(0, kRowStatusWord), static_cast<uint64_t>(kLost));
  CHECK_EQ(rig.RowDouble(0, kRowSequenceWord), 1.0);
  CHECK_EQ(rig.RowMetric(0, MetricId::kPowerWatts), 1.0);
  CHECK_EQ(rig.RowDouble(1, kRowSequenceWord), 2.0);
  rig.clock->Step(kPeriodNs);  // Ok, but nothing known
  CHECK_EQ(rig.RowWord(0, kRowStatusWord), static_cast<uint64_t>(StatusCode::kTryAgain));
  CHECK_EQ(rig.History(0).size(), 1u);
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.RowWord(0, kRowStatusWord), 0u);
  CHECK_EQ(rig.RowDouble(0, kRowSequenceWord), 2.0);
  CHECK_EQ(rig.RowMetric(0, MetricId::kPowerWatts), 2.0);
}

TEST("sampler: an error that leaves something known publishes it with its status") {
  MemoryAnswer partly = Answer(3'000);
  partly.code = StatusCode::kTimeout;
  Rig rig({.devices = {Device({partly})}});
  rig.WatchAll({0});
  CHECK_EQ(rig.History(0).size(), 1u);
  CHECK_EQ(rig.RowWord(0, kRowStatusWord), static_cast<uint64_t>(StatusCode::kTimeout));
}

TEST("sampler: a device that never answered has a status and no sample") {
  MemoryAnswer refused;
  refused.code = StatusCode::kNoPermission;
  Rig rig({.devices = {Device({refused})}});
  rig.WatchAll({0});
  CHECK_EQ(rig.RowWord(0, kRowStatusWord), static_cast<uint64_t>(StatusCode::kNoPermission));
  CHECK_EQ(rig.RowDouble(0, kRowSequenceWord), 0.0);
  CHECK(std::isnan(rig.RowMetric(0, MetricId::kPowerWatts)));
}

TEST("sampler: a new period takes effect from the last deadline") {
  Rig rig({.devices = {Device({Answer(1)})}});
  rig.WatchAll({0});
  const int64_t start = rig.clock->MonotonicNs();
  rig.sampler->SetPeriodNs(10 * kMs);
  CHECK_EQ(rig.clock->AwaitWaiter() - start, 10 * kMs);
  CHECK_EQ(rig.sampler->period_ns(), 10 * kMs);
  CHECK_EQ(std::bit_cast<double>(rig.Header(kBlockPeriodWord)), 10.0);
  rig.clock->Step(10 * kMs);
  CHECK_EQ(rig.log->polls[0].load(), 2u);
}

TEST("sampler: growing the history keeps what is stored") {
  Rig rig({.devices = {Device({Answer(1), Answer(2), Answer(3)}), Device({Answer(7)})}},
          {.period_ns = kPeriodNs, .history_samples = 2});
  rig.WatchAll({0, 1});
  for (int i = 0; i < 2; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.sampler->HistoryCapacity(), 2u);
  CHECK(rig.sampler->GrowHistory(4).ok());
  CHECK(rig.sampler->GrowHistory(3).ok());
  CHECK(Eventually([&] { return rig.sampler->HistoryCapacity() == 4; }));
  rig.clock->AwaitWaiter();
  for (int i = 0; i < 2; i++) rig.clock->Step(kPeriodNs);
  const std::vector<Sample> samples = rig.History(0);
  CHECK_EQ(samples.size(), 4u);
  for (size_t i = 0; i < samples.size(); i++) CHECK_EQ(samples[i].sequence, 2 + i);
  CHECK_EQ(rig.History(1).size(), 4u);
}

TEST("sampler: reading a row that is no device reads nothing") {
  Rig rig({.devices = {Device({Answer(1)})}});
  rig.WatchAll({0});
  HistoryRead read = {.count = 5};
  rig.sampler->ReadHistory({.row = 1}, {}, &read);
  CHECK_EQ(read.count, 0u);
}

TEST("sampler: history past the memory limit is refused by name and number") {
  const uint64_t limit = 2 * PlanRings(50, kPace).Bytes(nullptr);
  const SamplerOptions too_much = {
      .period_ns = kPeriodNs, .history_samples = 51, .memory_limit_bytes = limit};
  const MemoryScript script = {.devices = {Device({Answer(1)}), Device({Answer(1)})}};
  Rig refused(script, too_much);
  CHECK(refused.sampler->WaitStopped(kLongNs));
  CHECK_EQ(refused.sampler->state(), SamplerState::kFailed);
  const Status status = refused.sampler->status();
  CHECK_EQ(status.code(), StatusCode::kOutOfRange);
  for (const std::string& part : {std::string("maxHistory 51"), std::to_string(limit),
                                  std::to_string(2 * PlanRings(51, kPace).Bytes(nullptr))}) {
    CHECK(status.message().find(part) != std::string::npos);
  }
  CHECK_EQ(refused.log->closes.load(), 1u);
  CHECK(status.hint().find("at most 50 ") != std::string::npos);

  SamplerOptions fits = too_much;
  fits.history_samples = 50;
  Rig running(script, fits);
  running.AwaitRunning();
  CHECK_EQ(running.sampler->GrowHistory(51).code(), StatusCode::kOutOfRange);
  CHECK_EQ(running.sampler->GrowHistory(UINT64_MAX).code(), StatusCode::kOutOfRange);
  running.clock->Step(kPeriodNs);
  CHECK_EQ(running.sampler->HistoryCapacity(), 50u);
}

TEST("sampler: the memory limit holds for growing as well, with the ring that is replaced") {
  const SamplerOptions options = {.period_ns = kPeriodNs,
                                  .history_samples = 20,
                                  .memory_limit_bytes = 2 * PlanRings(40, kPace).Bytes(nullptr) +
                                                        PlanRings(20, kPace).Bytes(nullptr)};
  Rig rig({.devices = {Device({Answer(1)}), Device({Answer(1)})}}, options);
  rig.AwaitRunning();
  const Status refused = rig.sampler->GrowHistory(41);
  CHECK_EQ(refused.code(), StatusCode::kOutOfRange);
  CHECK(refused.hint().find("at most 40 ") != std::string::npos);
  CHECK(rig.sampler->GrowHistory(40).ok());
  CHECK(Eventually([&] { return rig.sampler->HistoryCapacity() == 40; }));
}

}  // namespace
}  // namespace gpuring
