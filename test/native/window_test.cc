// Registered windows: they say what a question would, of every row and tier, while they are held.
#include <cmath>
#include <thread>

#include "check.h"
#include "column_rig.h"

namespace gpuring {
namespace {

constexpr int64_t kLengthUs = 1'250'000;
const int kOwner = 0;
const int kOther = 0;

MemoryAnswer OfAllTiers(int64_t power, int64_t clock) {
  MemoryAnswer answer = Answer(power);
  answer.values.push_back({MetricId::kComputeUtilizationPercent, power / 1'000 % 100});
  answer.values.push_back({MetricId::kGraphicsClockMhz, clock});
  answer.values.push_back({MetricId::kEccMode, clock % 2});
  return answer;
}

// Each fifth sample does not know the power.
MemoryDevice Busy(int64_t base) {
  MemoryAnswer unknown = OfAllTiers(base, 1'300);
  unknown.values.erase(unknown.values.begin());
  return Device({OfAllTiers(base + 3'000, 1'500), OfAllTiers(base, 1'200), unknown,
                 OfAllTiers(base + 41'000, 1'900), OfAllTiers(base + 7, 300)});
}

WindowSpec Spec() {
  return {.metrics = {MetricId::kPowerWatts, MetricId::kEccMode, MetricId::kGraphicsClockMhz,
                      MetricId::kComputeUtilizationPercent},
          .length_us = kLengthUs,
          .percentiles = kSomePercentiles};
}

struct WindowRig : Rig {
  explicit WindowRig(MemoryScript script,
                     SamplerOptions options = {.period_ns = kPeriodNs, .history_samples = 40})
      : Rig(std::move(script), WithColumns(std::move(options))) {}

  [[nodiscard]] std::unique_ptr<WatchedWindow> Register(const void* owner = &kOwner) const {
    return WatchWindow(*sampler, owner, Spec());
  }
  // Each record is what the question comes to that it stands for.
  void CheckSame(const WatchedWindow& window, size_t row) const {
    const WindowSpec spec = Spec();
    for (size_t slot = 0; slot < spec.metrics.size(); slot++) {
      const MetricId metric = spec.metrics[slot];
      const int64_t newest_us = NewestUs(row, metric);
      const Window asked = {WindowBy::kMonotonic, newest_us - kLengthUs, newest_us, 0};
      const std::vector<double> direct = Asked(*sampler, row, metric, asked);
      const std::vector<double> told = Told(window, row, slot);
      CHECK(BitsOf(told) == BitsOf(direct));
      CHECK(told.size() == direct.size() && told[kCountAt] > 0);
    }
  }
  [[nodiscard]] int64_t NewestUs(size_t row, MetricId metric) const {
    for (size_t tier = 0; tier < kTierCount; tier++) {
      if (static_cast<size_t>(metric) >= kTierMetrics[tier].end) continue;
      return History(row, static_cast<Tier>(tier)).back().start_ns / 1000;
    }
    return 0;
  }
};

TEST("windows: say at each tick what a question would, of all rows and tiers, also after wraps") {
  WindowRig rig({.devices = {Busy(100'000), Busy(200'000), Busy(300'000)}});
  rig.AwaitRunning();
  const auto window = rig.Register();
  CHECK(Told(*window, 0, 0).empty());
  rig.WatchAll({0, 1, 2});
  for (int i = 0; i < 100; i++) {
    rig.clock->Step(kPeriodNs);
    for (const size_t row : {0, 1, 2}) rig.CheckSame(*window, row);
  }
  const std::vector<double> power = Told(*window, 1, 0);
  CHECK_EQ(power[kMinAt], 200.0);
  CHECK_EQ(power[kMaxAt], 241.0);
  CHECK_EQ(power[kToAt], static_cast<double>(rig.clock->WallUs()) / 1000);
  CHECK_EQ(power[kToAt] - power[kFromAt], static_cast<double>(kLengthUs) / 1000);
}

TEST("windows: one that is registered late says at once what the devices have by then") {
  WindowRig rig({.devices = {Busy(100'000), Busy(200'000)}});
  rig.WatchAll({0, 1});
  for (int i = 0; i < 30; i++) rig.clock->Step(kPeriodNs);
  const auto window = rig.Register();
  for (const size_t row : {0, 1}) rig.CheckSame(*window, row);
}

TEST("windows: go on over the growth of the history") {
  WindowRig rig({.devices = {Busy(100'000)}});
  rig.WatchAll({0});
  const auto window = rig.Register();
  for (int i = 0; i < 30; i++) rig.clock->Step(kPeriodNs);
  CHECK(rig.sampler->GrowHistory(400).ok());
  CHECK(Eventually([&] { return rig.sampler->HistoryCapacity() == 400; }));
  for (int i = 0; i < 30; i++) {
    rig.clock->Step(kPeriodNs);
    rig.CheckSame(*window, 0);
  }
  const std::vector<double> power = Told(*window, 0, 0);
  CHECK_EQ(power[kCountAt] + power[kUnknownAt], 13.0);
  CHECK(power[kUnknownAt] >= 2);
}

TEST("windows: are kept while they are held, each on its own, and an owner's go together") {
  WindowRig rig({.devices = {Busy(100'000)}});
  rig.WatchAll({0});
  const auto first = rig.Register();
  auto second = rig.Register();
  const auto third = rig.Register(&kOther);
  const std::weak_ptr<WindowBoard> board = second->board();
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  const std::vector<double> before = Told(*first, 0, 0);
  first->Close();
  first->Close();
  second = nullptr;
  CHECK(board.expired());
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  CHECK(BitsOf(Told(*first, 0, 0)) == BitsOf(before));
  rig.CheckSame(*third, 0);
  UnwatchWindowsOf(*rig.sampler, &kOwner);
  rig.clock->Step(kPeriodNs);
  rig.CheckSame(*third, 0);
  UnwatchWindowsOf(*rig.sampler, &kOther);
  const std::vector<double> last = Told(*third, 0, 0);
  rig.clock->Step(kPeriodNs);
  CHECK(BitsOf(Told(*third, 0, 0)) == BitsOf(last));
}

TEST("windows: what they say of a row goes with its device") {
  MemoryScript script = {.devices = {Busy(100'000), Busy(200'000)}};
  script.devices[1].identity.uuid = "MIG-1";
  script.devices[1].identity.parent_uuid = "GPU-memory-0";
  WindowRig rig(std::move(script));
  rig.WatchAll({0, 1});
  const auto window = rig.Register();
  for (int i = 0; i < 10; i++) rig.clock->Step(kPeriodNs);
  CHECK(Told(*window, 1, 0)[kCountAt] > 5);
  rig.host->SetPresent({0});
  for (int i = 0; i < 3; i++) rig.clock->Step(kPeriodNs);
  const auto late = rig.Register();
  for (const size_t slot : {0, 1, 2, 3}) {
    const std::vector<double> told = Told(*window, 1, slot);
    CHECK_EQ(told[kCountAt], 0.0);
    CHECK(std::isnan(told[kToAt]) && std::isnan(told[kMeanAt]) && std::isnan(told.back()));
    CHECK(Told(*late, 1, slot).empty());
  }
  rig.CheckSame(*window, 0);
  rig.host->SetPresent({0, 1});
  for (int i = 0; i < 8; i++) rig.clock->Step(kPeriodNs);
  const size_t samples = rig.History(1).size();
  CHECK(samples > 3 && samples < 9);
  CHECK(Told(*window, 1, 0)[kCountAt] <= static_cast<double>(samples));
  for (const auto* one : {window.get(), late.get()}) rig.CheckSame(*one, 1);
}

TEST("windows: of no such row or slot, or into too little room, nothing is read") {
  WindowRig rig({.devices = {Busy(100'000)}});
  rig.WatchAll({0});
  const auto window = rig.Register();
  std::vector<double> out(window->board()->RecordDoubles());
  CHECK(window->board()->Read(0, 0, out));
  CHECK(!window->board()->Read(1, 0, out));
  CHECK(!window->board()->Read(Sampler::kRows, 0, out));
  CHECK(!window->board()->Read(0, 4, out));
  CHECK(!window->board()->Read(SIZE_MAX, SIZE_MAX, out));
  out.pop_back();
  CHECK(!window->board()->Read(0, 0, out));
}

TEST("windows: a sampler without columns has none, and answers that nothing is known") {
  Rig rig(Devices(1));
  rig.WatchAll({0});
  CHECK(WatchWindow(*rig.sampler, &kOwner, Spec()) == nullptr);
  UnwatchWindowsOf(*rig.sampler, &kOwner);
  const Window window = {WindowBy::kLast, 0, 0, 5};
  CHECK_EQ(Asked(*rig.sampler, 0, MetricId::kPowerWatts, window)[kCountAt], 0.0);
  std::vector<double> slices(2 * kSliceDoubles);
  CHECK_EQ(AskSeries(*rig.sampler, 0, {MetricId::kPowerWatts, window}, slices), 0u);
}

// The device always draws as much as its compute utilization says, in watts; so must any window.
TEST("windows: come and go while the sampler runs, and are never read half written") {
  std::vector<MemoryAnswer> answers;
  for (int64_t i = 0; i < 50; i++) answers.push_back(OfAllTiers(i * 1'000, 1'000 + i));
  const auto host =
      std::make_shared<MemoryHost>(MemoryScript{.devices = {Device(answers), Device(answers)}});
  const auto sampler =
      Sampler::Start(std::make_shared<RealClock>(),
                     WithColumns(OptionsFor(host, {.period_ns = kMs, .history_samples = 100})));
  CHECK(sampler->WaitOpened(kLongNs));
  sampler->Watch(std::vector<size_t>{0, 1});
  const WindowSpec spec = {
      .metrics = {MetricId::kPowerWatts}, .length_us = 20'000, .percentiles = {}};
  const auto kept = WatchWindow(*sampler, &kOwner, spec);
  std::atomic<bool> done{false};
  std::thread changes([&] {
    while (!done) {
      const auto first = WatchWindow(*sampler, &kOther, Spec());
      const auto second = WatchWindow(*sampler, &kOther, spec);
      UnwatchWindowsOf(*sampler, &kOther);
    }
  });
  size_t seen = 0;
  double latest = 0;
  CHECK(Eventually([&] {
    const std::vector<double> told = Told(*kept, 1, 0);
    if (told.empty() || told[kToAt] == latest) return false;
    latest = told[kToAt];
    CHECK_EQ(told[kToAt] - told[kFromAt], 20.0);
    const double low = told[kMinAt];
    const double high = told[kMaxAt];
    CHECK(low <= told[kMeanAt] && told[kMeanAt] <= high && low >= 0 && high <= 49);
    CHECK_EQ(std::trunc(low), low);
    return ++seen == 300;
  }));
  done = true;
  changes.join();
  sampler->RequestStop();
  CHECK(sampler->WaitStopped(kLongNs));
}

}  // namespace
}  // namespace gpuring
