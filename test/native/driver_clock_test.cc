// The driver's time on ours, the series made with it, and energy.
#include "core/driver_clock.h"

#include <array>
#include <vector>

#include "check.h"
#include "core/energy_meter.h"
#include "core/series_reader.h"

namespace gpuring {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kWallUs = 1'700'000'000'000'000;
constexpr int64_t kDryNs = 2'000 * kMs;

Moment At(int64_t ms) { return {5'000'000 * kMs + ms * kMs, kWallUs + ms * 1'000}; }
int64_t MonotonicUs(int64_t ms) { return At(ms).monotonic_ns / 1'000; }

TEST("driver clock: Unix time and the monotonic clock are recognised, and exact") {
  DriverClock by_wall;
  by_wall.Observe(kWallUs - 70'000, At(0));
  CHECK_EQ(by_wall.ToMonotonicNs(kWallUs - 70'000, At(0)), At(-70).monotonic_ns);
  DriverClock by_boot;
  by_boot.Observe(MonotonicUs(-30), At(0));
  CHECK_EQ(by_boot.ToMonotonicNs(MonotonicUs(-30), At(0)), At(-30).monotonic_ns);
}

TEST("driver clock: of another clock the least distance counts") {
  DriverClock clock;
  const int64_t base = 123'456'789'000;
  clock.Observe(base, At(50));  // 50 ms old: nobody can know
  CHECK_EQ(clock.ToMonotonicNs(base, At(50)), At(50).monotonic_ns);
  clock.Observe(base + 200'000, At(200));  // as fresh as can be
  CHECK_EQ(clock.ToMonotonicNs(base + 200'000, At(200)), At(200).monotonic_ns);
  clock.Observe(base + 300'000, At(320));
  CHECK_EQ(clock.ToMonotonicNs(base + 300'000, At(320)), At(300).monotonic_ns);
  CHECK_EQ(clock.steps(), 0u);
}

TEST("driver clock: never in the future, never out of order") {
  DriverClock clock;
  clock.Observe(kWallUs, At(0));
  clock.Observe(kWallUs + 20'000, At(10));  // 10 ms ahead: rounding
  CHECK_EQ(clock.ToMonotonicNs(kWallUs + 20'000, At(10)), At(10).monotonic_ns);
  CHECK_EQ(clock.ToMonotonicNs(kWallUs + 5'000, At(10)), At(10).monotonic_ns);
  CHECK_EQ(clock.steps(), 0u);
}

TEST("driver clock: a step forward counts, and what lies before it keeps its time") {
  DriverClock clock;
  clock.Observe(kWallUs, At(0));
  constexpr int64_t kHourUs = 3'600'000'000;
  const int64_t newest = kWallUs + kHourUs + 200'000;
  CHECK(clock.Observe(newest, At(200)));
  CHECK_EQ(clock.ToMonotonicNs(kWallUs + 100'000, At(200)), At(100).monotonic_ns);
  CHECK_EQ(clock.ToMonotonicNs(newest, At(200)), At(200).monotonic_ns);
  CHECK_EQ(clock.steps(), 1u);
}

struct Series {
  SeriesReader reader{MetricId::kPowerWatts};
  ReportBook book;
  std::shared_ptr<SeriesLog> log = SeriesLog::Allocate(1'000, 1);
  std::vector<SeriesPoint> buffer;  // the driver's

  void Drain(int64_t ms) {
    const int64_t after = reader.AskAfterUs(At(ms).monotonic_ns, kDryNs);
    std::vector<SeriesPoint> newer;
    for (const SeriesPoint& point : buffer) {
      if (point.driver_us > after) newer.push_back(point);
    }
    const auto code = newer.empty() ? StatusCode::kTryAgain : StatusCode::kOk;
    reader.Accept(code, newer, At(ms), {log.get(), &book});
  }
  [[nodiscard]] std::vector<SeriesRecord> Records() const {
    std::vector<SeriesRecord> records(1'000);
    records.resize(log->Read(1, records).count);
    return records;
  }
};

// The driver measures every 100 ms; its clock steps at 5 s.
void CheckStep(int64_t step_us, bool buffer_survives) {
  Series series;
  int64_t value = 0;
  for (int64_t ms = 100; ms <= 20'000; ms += 100) {
    const int64_t stepped = ms > 5'000 ? step_us : 0;
    if (ms == 5'100 && !buffer_survives) series.buffer.clear();
    series.buffer.push_back({kWallUs + ms * 1'000 + stepped, value++});
    if (ms % 500 == 0) series.Drain(ms);
  }
  const std::vector<SeriesRecord> records = series.Records();
  CHECK_EQ(records.size(), 200u);
  for (size_t at = 0; at < std::min<size_t>(records.size(), 200); at++) {
    CHECK_EQ(records[at].value, static_cast<int64_t>(at));
    CHECK(at == 0 || records[at].time_ns >= records[at - 1].time_ns);
    CHECK(records[at].time_ns <= At(20'000).monotonic_ns);
  }
  CHECK_EQ(series.reader.clock_steps(), 1u);
  // Once it is known, times are right again.
  CHECK_EQ(records.back().time_ns - records[150].time_ns, 49 * 100 * kMs);
}

TEST("series: a step of the driver's clock neither loses nor repeats measurements") {
  for (const bool buffer_survives : {true, false}) {
    CheckStep(3'600'000'000, buffer_survives);
    CheckStep(-3'600'000'000, buffer_survives);
    CheckStep(-30'000'000, buffer_survives);
    CheckStep(30'000'000, buffer_survives);
  }
}

TEST("series: a driver that has nothing for long is asked for all, and repeats nothing") {
  Series series;
  for (int64_t ms = 0; ms < 1'000; ms += 100) series.buffer.push_back({kWallUs + ms * 1'000, ms});
  for (int64_t ms = 1'000; ms < 20'000; ms += 250) series.Drain(ms);
  CHECK_EQ(series.Records().size(), 10u);
  CHECK_EQ(series.reader.clock_steps(), 0u);
}

Sample EnergySample(int64_t ms, int64_t millijoules) {
  Sample sample;
  sample.start_ns = At(ms).monotonic_ns;
  sample.Set(MetricId::kEnergyJoules, millijoules);
  return sample;
}

Sample PowerSample(int64_t ms, int64_t milliwatts) {
  Sample sample;
  sample.start_ns = At(ms).monotonic_ns;
  sample.SetUnknown(MetricId::kEnergyJoules, ValueState::kUnsupported);
  if (milliwatts >= 0) sample.Set(MetricId::kPowerWatts, milliwatts);
  return sample;
}

TEST("energy: a counter that is reset goes on from where it was") {
  EnergyMeter meter;
  std::vector<int64_t> published;
  int64_t at = 0;
  for (const int64_t counter : {1'000, 1'500, 20, 50, 10, 110}) {
    Sample sample = EnergySample(at += 100, counter);
    meter.Apply(300 * kMs, &sample);
    published.push_back(sample.ValueOf(MetricId::kEnergyJoules));
    CHECK_EQ(sample.StateOf(MetricId::kEnergyJoules), ValueState::kKnown);
  }
  CHECK(published == std::vector<int64_t>({1'000, 1'500, 1'500, 1'530, 1'530, 1'630}));
  CHECK_EQ(meter.resets(), 2u);
}

// Its total after each reading, half a second apart; -1 where it is invalid.
std::vector<int64_t> Totals(const std::vector<int64_t>& counters) {
  EnergyMeter meter;
  std::vector<int64_t> totals;
  int64_t at = 0;
  for (const int64_t counter : counters) {
    Sample sample = EnergySample(at += 500, counter);
    meter.Apply(1'500 * kMs, &sample);
    const bool known = sample.Knows(MetricId::kEnergyJoules);
    if (!known) CHECK_EQ(sample.StateOf(MetricId::kEnergyJoules), ValueState::kInvalid);
    totals.push_back(known ? sample.ValueOf(MetricId::kEnergyJoules) : -1);
  }
  return totals;
}

TEST("energy: a slip of the counter adds nothing, upwards or downwards") {
  constexpr int64_t kStart = 500'000'000'000;
  using Values = std::vector<int64_t>;
  CHECK(Totals({kStart, 140'000'000'000'000, kStart + 400, kStart + 700}) ==
        Values({kStart, -1, kStart + 400, kStart + 700}));
  CHECK(Totals({kStart, 0, kStart + 400, kStart + 700}) ==
        Values({kStart, kStart, kStart + 400, kStart + 700}));
  CHECK(Totals({kStart, 0, 0, 7, kStart + 400}) ==
        Values({kStart, kStart, kStart, kStart + 7, kStart + 407}));
  // What the next reading agrees with is no slip.
  CHECK(Totals({1'000, kStart, kStart + 400, kStart + 700}) ==
        Values({1'000, -1, kStart + 400, kStart + 700}));
}

TEST("energy: a counter that does not answer leaves nothing, and goes on") {
  EnergyMeter meter;
  Sample sample = EnergySample(0, 1'000);
  meter.Apply(300 * kMs, &sample);
  Sample none;
  none.SetUnknown(MetricId::kEnergyJoules, ValueState::kUnavailable);
  none.Set(MetricId::kPowerWatts, 5'000);
  meter.Apply(300 * kMs, &none);
  CHECK(!none.Knows(MetricId::kEnergyJoules));
  sample = EnergySample(200, 1'300);
  meter.Apply(300 * kMs, &sample);
  CHECK_EQ(sample.ValueOf(MetricId::kEnergyJoules), 1'300);
}

TEST("energy: the power's integral, not across gaps, and nothing where power is unknown") {
  EnergyMeter meter;
  const auto after = [&meter](int64_t ms, int64_t milliwatts) {
    Sample sample = PowerSample(ms, milliwatts);
    meter.Apply(300 * kMs, &sample);
    CHECK_EQ(sample.StateOf(MetricId::kEnergyJoules),
             milliwatts < 0 ? ValueState::kUnsupported : ValueState::kEstimated);
    return sample.ValueOf(MetricId::kEnergyJoules);
  };
  CHECK_EQ(after(0, 100'000), 0);
  CHECK_EQ(after(100, 200'000), 15'000);
  CHECK_EQ(after(200, -1), 0);  // no value at all
  CHECK_EQ(after(300, 200'000), 55'000);
  CHECK_EQ(after(1'000, 400'000), 55'000);
  CHECK_EQ(after(1'001, 1), 55'200);
}

}  // namespace
}  // namespace gpuring
