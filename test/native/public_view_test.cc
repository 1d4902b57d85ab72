#include "core/public_view.h"

#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "check.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr size_t kSampleDoubles = PublicSampleDoubles(Tier::kFast);
constexpr size_t kPower = kPublicSampleHeader + static_cast<size_t>(MetricId::kPowerWatts);
constexpr size_t kTemperature =
    kPublicSampleHeader + static_cast<size_t>(MetricId::kTemperatureCelsius);

Sampler::HistoryRange From(size_t row, uint64_t sequence) { return {row, Tier::kFast, sequence}; }

// A device that answers 1 mW, 2 mW, ...; `polls` of them.
Rig Polled(size_t polls) {
  std::vector<MemoryAnswer> answers;
  for (size_t i = 1; i <= polls; i++) answers.push_back(Answer(static_cast<int64_t>(i)));
  return Rig({.devices = {Device(std::move(answers))}},
             {.period_ns = kPeriodNs, .history_samples = 1'000});
}

TEST("public view: history in public units, unknown values as NaN, longer than the scratch") {
  constexpr size_t kPolls = 150;
  Rig rig = Polled(kPolls);
  rig.WatchAll({0});
  for (size_t i = 1; i < kPolls; i++) rig.clock->Step(kPeriodNs);
  std::vector<double> out(kPolls * kSampleDoubles);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, {}, out), kPolls);
  for (size_t i = 0; i < kPolls; i++) {
    const double* const sample = out.data() + i * kSampleDoubles;
    CHECK_EQ(sample[0], static_cast<double>(i + 1));
    CHECK_EQ(sample[kPower], static_cast<double>(i + 1) / 1000.0);
    CHECK(std::isnan(sample[kTemperature]));
    CHECK_EQ(sample[kFastMetricCount + kPower], static_cast<double>(ValueState::kKnown));
    CHECK_EQ(sample[kFastMetricCount + kTemperature], static_cast<double>(ValueState::kNotSampled));
  }
}

TEST("public view: history from a sequence on, and no more than there is room for") {
  Rig rig = Polled(10);
  rig.WatchAll({0});
  for (int i = 1; i < 10; i++) rig.clock->Step(kPeriodNs);
  std::array<double, 3 * kSampleDoubles + 1> out;
  CHECK_EQ(ReadPublicHistory(*rig.sampler, From(0, 9), out), 2u);
  CHECK_EQ(out[0], 9.0);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, From(0, 2), out), 3u);
  CHECK_EQ(out[0], 2.0);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, From(0, 11), out), 0u);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, From(7, 1), out), 0u);
}

TEST("public view: a row copied whole is what the block holds") {
  Rig rig = Polled(1);
  rig.AwaitRunning();
  std::array<uint64_t, kRowWords> words;
  CHECK(!CopyRow(*rig.sampler, 0, words));  // never written
  rig.WatchAll({0});
  CHECK(CopyRow(*rig.sampler, 0, words));
  for (size_t word = 0; word < kRowWords; word++) CHECK_EQ(words[word], rig.RowWord(0, word));
  CHECK(!CopyRow(*rig.sampler, 1, words));
  CHECK(!CopyRow(*rig.sampler, SIZE_MAX, words));
  CHECK(!CopyRow(*rig.sampler, 0, std::span(words).first(kRowWords - 1)));
}

TEST("public view: a slower tier has its own metrics") {
  MemoryAnswer answer = Answer(1);
  answer.values.push_back({MetricId::kGraphicsClockMhz, 1'500});
  Rig rig({.devices = {Device({answer})}});
  rig.WatchAll({0});
  std::array<double, PublicSampleDoubles(Tier::kMedium)> out;
  CHECK_EQ(ReadPublicHistory(*rig.sampler, {0, Tier::kMedium, 1}, out), 1u);
  CHECK_EQ(out[0], 1.0);
  CHECK_EQ(out[kPublicSampleHeader], 1'500.0);
}

TEST("public view: a series in public units, in as many goes as it takes") {
  Rig rig = Polled(1);
  std::vector<SeriesPoint> points;
  for (int64_t at = 1; at <= 150; at++) points.push_back({rig.clock->WallUs() - 200 + at, at});
  rig.host->AddPoints(0, 2, points);
  rig.WatchAll({0});
  std::vector<double> out(100 * kPublicSeriesDoubles);
  CHECK_EQ(ReadPublicSeries(*rig.sampler, {0, 2, 1}, out), 100u);
  CHECK_EQ(out[0], 1.0);
  CHECK_EQ(out[1], UsToMs(points[0].driver_us));
  CHECK_EQ(out[2], 0.001);
  CHECK_EQ(out[3], 0.0);
  CHECK_EQ(ReadPublicSeries(*rig.sampler, {0, 2, 101}, out), 50u);
  CHECK_EQ(out[49 * kPublicSeriesDoubles], 150.0);
  CHECK_EQ(out[49 * kPublicSeriesDoubles + 2], 0.15);
  CHECK_EQ(ReadPublicSeries(*rig.sampler, {0, 2, 151}, out), 0u);
  CHECK_EQ(ReadPublicSeries(*rig.sampler, {3, 2, 1}, out), 0u);
  CHECK_EQ(ReadPublicSeries(*rig.sampler, {0, kSeriesMetrics.size(), 1}, out), 0u);
}

TEST("public view: what was overwritten is missing in the sequences") {
  Rig rig({.devices = {Device({Answer(1)})}}, {.period_ns = kPeriodNs, .history_samples = 4});
  std::vector<SeriesPoint> points;
  for (int64_t at = 1; at <= 10; at++) points.push_back({rig.clock->WallUs() - 20 + at, at});
  rig.host->AddPoints(0, 2, points);
  rig.WatchAll({0});
  std::vector<double> out(10 * kPublicSeriesDoubles);
  CHECK_EQ(ReadPublicSeries(*rig.sampler, {0, 2, 1}, out), 4u);
  CHECK_EQ(out[0], 7.0);
  CHECK_EQ(out[2], 0.007);
}

TEST("public view: events from a sequence on") {
  Rig rig({.devices = {Device({Answer(1), Failing(StatusCode::kDeviceLost)})}});
  rig.WatchAll({0});
  rig.clock->Step(kPeriodNs);
  std::array<double, 4 * kPublicEventDoubles> out;
  CHECK_EQ(ReadPublicEvents(*rig.sampler, 1, out), rig.Events().size());
  const EventRecord lost = rig.Events().back();
  CHECK_EQ(ReadPublicEvents(*rig.sampler, lost.sequence, out), 1u);
  CHECK_EQ(out[0], static_cast<double>(lost.sequence));
  CHECK_EQ(out[1], UsToMs(lost.wall_us));
  CHECK_EQ(out[2], NsToMs(lost.monotonic_ns));
  CHECK_EQ(out[3], static_cast<double>(EventKind::kDeviceLost));
  CHECK_EQ(out[4], 0.0);
  CHECK_EQ(out[6], 1.0);
  CHECK_EQ(ReadPublicEvents(*rig.sampler, lost.sequence + 1, out), 0u);
  CHECK_EQ(ReadPublicEvents(*rig.sampler, 1, std::span(out).first(kPublicEventDoubles - 1)), 0u);
}

TEST("public view: reports say since when, and NaN where nothing was ever known") {
  Rig rig({.devices = {Device({Answer(1'000), Answer(1'000), Answer(200'000'000)})}});
  rig.WatchAll({0});
  const double first = NsToMs(rig.clock->MonotonicNs());
  rig.clock->Step(kPeriodNs);
  rig.clock->Step(kPeriodNs);  // out of range: kept out, counted
  std::array<double, kMetricCount * kPublicReportDoubles> out;
  CHECK(ReadPublicReports(*rig.sampler, 0, out));
  const double* const power =
      out.data() + static_cast<size_t>(MetricId::kPowerWatts) * kPublicReportDoubles;
  CHECK_EQ(power[0], 1.0);
  CHECK_EQ(power[1], first + 100.0);
  CHECK_EQ(power[3], first);
  CHECK_EQ(power[5], static_cast<double>(ValueState::kInvalid));
  CHECK_EQ(power[6], 1.0);
  const double* const unknown =
      out.data() + static_cast<size_t>(MetricId::kEccMode) * kPublicReportDoubles;
  CHECK(std::isnan(unknown[0]));
  CHECK_EQ(unknown[1], 0.0);
  CHECK_EQ(unknown[3], 0.0);
  CHECK(!ReadPublicReports(*rig.sampler, 0, std::span(out).first(out.size() - 1)));
  CHECK(!ReadPublicReports(*rig.sampler, 9, out));
}

TEST("public view: words of the header") {
  Rig rig = Polled(1);
  rig.WatchAll({0});
  CHECK_EQ(HeaderWord(*rig.sampler, kBlockRowsWord), 1u);
  CHECK_EQ(std::bit_cast<double>(HeaderWord(*rig.sampler, kBlockPeriodWord)), 100.0);
  CHECK_EQ(HeaderWord(*rig.sampler, SIZE_MAX), 0u);
}

}  // namespace
}  // namespace gpuring
