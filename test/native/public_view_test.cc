#include "core/public_view.h"

#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "check.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr size_t kPower =
    kRowMetricsWord - kRowSequenceWord + static_cast<size_t>(MetricId::kPowerWatts);
constexpr size_t kTemperature =
    kRowMetricsWord - kRowSequenceWord + static_cast<size_t>(MetricId::kTemperatureCelsius);

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
  std::vector<double> out(kPolls * kPublicSampleDoubles);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, 0, 1, out), kPolls);
  for (size_t i = 0; i < kPolls; i++) {
    const double* const sample = out.data() + i * kPublicSampleDoubles;
    CHECK_EQ(sample[0], static_cast<double>(i + 1));
    CHECK_EQ(sample[kPower], static_cast<double>(i + 1) / 1000.0);
    CHECK(std::isnan(sample[kTemperature]));
  }
}

TEST("public view: history from a sequence on, and no more than there is room for") {
  Rig rig = Polled(10);
  rig.WatchAll({0});
  for (int i = 1; i < 10; i++) rig.clock->Step(kPeriodNs);
  std::array<double, 3 * kPublicSampleDoubles + 1> out;
  CHECK_EQ(ReadPublicHistory(*rig.sampler, 0, 9, out), 2u);
  CHECK_EQ(out[0], 9.0);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, 0, 2, out), 3u);
  CHECK_EQ(out[0], 2.0);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, 0, 11, out), 0u);
  CHECK_EQ(ReadPublicHistory(*rig.sampler, 7, 1, out), 0u);
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
}

TEST("public view: words of the header") {
  Rig rig = Polled(1);
  rig.WatchAll({0});
  CHECK_EQ(HeaderWord(*rig.sampler, kBlockRowsWord), 1u);
  CHECK_EQ(std::bit_cast<double>(HeaderWord(*rig.sampler, kBlockPeriodWord)), 100.0);
}

}  // namespace
}  // namespace gpuring
