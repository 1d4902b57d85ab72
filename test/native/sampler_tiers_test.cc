// Tiers, series, details and energy, as the sampler brings them together.
#include <set>

#include "check.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr size_t kPowerSeries = 2;

MemoryAnswer OfAllTiers() {
  MemoryAnswer answer = Answer(1'000);
  answer.values.push_back({MetricId::kGraphicsClockMhz, 1'500});
  answer.values.push_back({MetricId::kEccMode, 1});
  return answer;
}

// One of the metrics is of each tier.
TEST("tiers: each has its own pace, its own ring, and nothing of the others") {
  Rig rig({.devices = {Device({OfAllTiers()})}});
  rig.WatchAll({0});
  for (int i = 0; i < 150; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[0].load(), 151u);
  CHECK_EQ(rig.History(0, Tier::kMedium).size(), 16u);  // 15 s, and the first at once
  CHECK_EQ(rig.History(0, Tier::kSlow).size(), 4u);
  CHECK_EQ(rig.History(0).size(), 50u);
  const Sample medium = rig.History(0, Tier::kMedium).back();
  CHECK(medium.Knows(MetricId::kGraphicsClockMhz));
  CHECK(!medium.Knows(MetricId::kPowerWatts) && !medium.Knows(MetricId::kEccMode));
  CHECK_EQ(rig.Report(0, MetricId::kEccMode).value, 1);
  CHECK(rig.Report(0, MetricId::kEccMode).changed_ns < rig.Report(0, MetricId::kEccMode).known_ns);
}

TEST("tiers: slow readings of many devices do not fall in one round") {
  MemoryScript script;
  for (int device = 0; device < 8; device++) script.devices.push_back(Device({OfAllTiers()}));
  Rig rig(std::move(script), {.period_ns = kPeriodNs, .history_samples = 50});
  rig.WatchAll({0, 1, 2, 3, 4, 5, 6, 7});
  for (int i = 0; i < 120; i++) rig.clock->Step(kPeriodNs);  // past the first, at once
  std::set<int64_t> times;
  for (size_t row = 0; row < 8; row++) times.insert(rig.History(row, Tier::kSlow).back().start_ns);
  CHECK_EQ(times.size(), 8u);
}

TEST("tiers: works never take the place of a round") {
  MemoryAnswer slow = OfAllTiers();
  slow.delay_ns = 3 * kMs;
  const auto host = std::make_shared<MemoryHost>(
      MemoryScript{.devices = {Device({slow}), Device({slow}), Device({slow}), Device({slow})}});
  auto sampler = Sampler::Start(std::make_shared<RealClock>(),
                                OptionsFor(host, {.period_ns = 20 * kMs,
                                                  .history_samples = 500,
                                                  .tier_periods_ns = {0, 20 * kMs, 20 * kMs}}));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0, 1, 2, 3});
  // 12 ms of readings in a round of 20 leave room for two or three of the eight works in it.
  CHECK(Eventually([&] { return host->log()->slower[3][2] > 3; }));
  // All eight are due in each; however slow the machine is, no more of them fit in than here.
  uint64_t works = 0;
  for (size_t slot = 0; slot < 4; slot++) {
    works += host->log()->slower[slot][1] + host->log()->slower[slot][2];
  }
  CHECK(works <= 4 * host->log()->polls[0] + 8);
  CHECK(host->log()->slower[0][1] >= 3u);
}

TEST("details: of the slow tier, whole") {
  Rig rig({.devices = {Device({OfAllTiers()})}});
  rig.AwaitRunning();
  DeviceDetail detail;
  CHECK(!rig.sampler->ReadDetail(0, &detail));
  detail.fan_count = 1;
  detail.fans[0].speed_rpm = 1'200;
  detail.process_count = 1;
  detail.processes[0].pid = 4'242;
  rig.host->SetDetail(0, detail);
  rig.WatchAll({0});
  DeviceDetail read;
  CHECK(rig.sampler->ReadDetail(0, &read));
  CHECK_EQ(read.start_ns, rig.clock->MonotonicNs());
  CHECK_EQ(read.fans[0].speed_rpm, 1'200);
  CHECK_EQ(read.processes[0].pid, 4'242);
  CHECK(!rig.sampler->ReadDetail(1, &read));
}

TEST("reports: what changed when, what is invalid, what is unsupported") {
  MemoryAnswer first = Answer(5'000);
  first.unsupported = {MetricId::kFanSpeedPercent};
  Rig rig({.devices = {Device({first, Answer(5'000), Answer(6'000), Answer(-3)})}});
  rig.WatchAll({0});
  const int64_t start = rig.clock->MonotonicNs();
  for (int i = 0; i < 3; i++) rig.clock->Step(kPeriodNs);
  const MetricReport power = rig.Report(0, MetricId::kPowerWatts);
  CHECK_EQ(power.value, 6'000);
  CHECK_EQ(power.known_ns, start + 2 * kPeriodNs);
  CHECK_EQ(power.changed_ns, start + 2 * kPeriodNs);
  CHECK_EQ(power.state, static_cast<uint64_t>(ValueState::kInvalid));
  CHECK_EQ(power.invalid_count, 1u);
  CHECK_EQ(rig.Report(0, MetricId::kFanSpeedPercent).state,
           static_cast<uint64_t>(ValueState::kUnsupported));
  CHECK_EQ(rig.Report(0, MetricId::kEccMode).state, static_cast<uint64_t>(ValueState::kNotSampled));
}

TEST("series: a driver that measures every 20 ms, polled every 500: each once, in order") {
  constexpr int64_t kPaceNs = 500 * kMs;
  Rig rig({.devices = {Device({Answer(1'000)})}}, {.period_ns = kPaceNs, .history_samples = 2'000});
  rig.host->AddPoints(0, kPowerSeries, {});
  rig.WatchAll({0});
  int64_t value = 0;
  for (int round = 0; round < 20; round++) {
    const int64_t wall_us = rig.clock->WallUs();
    std::vector<SeriesPoint> points;
    for (int64_t at = 1; at <= 25; at++) points.push_back({wall_us + at * 20'000, value++});
    rig.host->AddPoints(0, kPowerSeries, points);
    rig.clock->Step(kPaceNs);
  }
  const std::vector<SeriesRecord> records = rig.Series(0, kPowerSeries);
  CHECK_EQ(records.size(), 500u);
  for (size_t at = 0; at < records.size(); at++) {
    CHECK_EQ(records[at].value, static_cast<int64_t>(at));
    CHECK_EQ(records[at].polled, 0u);
    if (at > 0) CHECK_EQ(records[at].time_ns - records[at - 1].time_ns, 20 * kMs);
  }
  CHECK_EQ(records.back().time_ns, rig.clock->MonotonicNs());
  CHECK_EQ(records.back().wall_us, rig.clock->WallUs());
}

TEST("series: without a buffer the polls stand in, and say so; nonsense is counted") {
  Rig rig({.devices = {Device({Answer(7'000)}), Device({Answer(8'000)})}});
  const int64_t wall_us = rig.clock->WallUs();
  const std::array<SeriesPoint, 3> points = {{{wall_us, 1}, {wall_us + 1, -5}, {wall_us + 2, 2}}};
  rig.host->AddPoints(1, kPowerSeries, points);
  rig.WatchAll({0, 1});
  for (int i = 0; i < 4; i++) rig.clock->Step(kPeriodNs);
  const std::vector<SeriesRecord> polled = rig.Series(0, kPowerSeries);
  CHECK_EQ(polled.size(), 4u);  // not the first, when nobody knew yet
  CHECK_EQ(polled.back().value, 7'000);
  CHECK_EQ(polled.back().polled, 1u);
  CHECK_EQ(rig.Series(1, kPowerSeries).size(), 2u);
  CHECK_EQ(rig.Report(1, MetricId::kPowerWatts).invalid_count, 1u);
  for (int i = 0; i < 30; i++) rig.clock->Step(kPeriodNs);  // dry for more than 2 s
  const std::vector<SeriesRecord> dry = rig.Series(1, kPowerSeries);
  CHECK(dry.size() > 5u);
  CHECK_EQ(dry.back().polled, 1u);
  CHECK_EQ(dry.back().value, 8'000);
}

TEST("energy: worked out from power where there is no counter, and labelled") {
  MemoryAnswer answer = Answer(100'000);
  answer.unsupported = {MetricId::kEnergyJoules};
  Rig rig({.devices = {Device({answer})}});
  rig.WatchAll({0});
  for (int i = 0; i < 10; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.RowMetric(0, MetricId::kEnergyJoules), 100.0);  // 100 W for a second
  CHECK_EQ(rig.History(0).back().StateOf(MetricId::kEnergyJoules), ValueState::kEstimated);
}

}  // namespace
}  // namespace gpuring
