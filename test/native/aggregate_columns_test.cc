// The memory of columns, slices for plots, and questions asked while a writer wraps the columns.
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "aggregate/columns.h"
#include "aggregate/query.h"
#include "aggregate_history.h"
#include "check.h"

namespace gpuring {
namespace {

TEST("aggregate columns: what a sample takes is what memory grows by") {
  for (const Tier tier : {Tier::kFast, Tier::kMedium, Tier::kSlow}) {
    const double bytes = static_cast<double>(MetricColumns::BytesPerSample(tier));
    for (const uint64_t samples : {100'000, 1'000'000, 2'500'000}) {
      const double each = static_cast<double>(MetricColumns::Bytes({tier, samples, 1})) /
                          static_cast<double>(samples);
      CHECK(each > 0.99 * bytes - 1);
      CHECK(each < 1.01 * bytes);
    }
  }
  // Stands in the documentation.
  CHECK_EQ(MetricColumns::BytesPerSample(Tier::kFast), 194u);
  CHECK_EQ(MetricColumns::BytesPerSample(Tier::kMedium), 363u);
  CHECK_EQ(MetricColumns::BytesPerSample(Tier::kSlow), 470u);
}

TEST("aggregate columns: buckets of wide values follow each other without gaps") {
  for (size_t bucket = 0; bucket + 1 < kMostCounts; bucket++) {
    CHECK_EQ(BucketOf(BucketBegin(bucket)), bucket);
    CHECK_EQ(BucketOf(BucketBegin(bucket + 1) - 1), bucket);
  }
}

TEST("aggregate columns: there is a first sample before there is one") {
  const auto columns = MetricColumns::Allocate({Tier::kFast, 10, 7});
  CHECK_EQ(columns->Newest(), 6u);
  CHECK_EQ(columns->first(), 7u);
  columns->Append(Sample{}, 0);
  CHECK_EQ(columns->Newest(), 7u);
}

// Slices of a window, sample by sample.
std::vector<Bucket> SliceNaively(const NaiveHistory& history, const Window& asked, size_t metric,
                                 size_t count) {
  const NaiveWindow window = ResolveNaively(history, asked);
  std::vector<Bucket> slices(count);
  std::vector<__int128> sums(count);
  const __int128 length = std::max<int64_t>(window.to_us - window.from_us, 1);
  const auto slice_count = static_cast<__int128>(count);
  const auto begin_of = [&](__int128 slice) {
    return window.from_us + static_cast<int64_t>((length * slice + slice_count - 1) / slice_count);
  };
  for (size_t i = window.begin; i < window.end; i++) {
    const NaiveSample& sample = history.samples[i];
    if (!sample.value) continue;
    const int64_t at = NaiveTime(sample, asked.by);
    size_t slice = 0;
    while (slice + 1 < count && begin_of(static_cast<__int128>(slice) + 1) <= at) slice++;
    Bucket& bucket = slices[slice];
    const double value = static_cast<double>(*sample.value) / kMetrics[metric].divisor;
    if (bucket.count == 0) bucket.first_us = sample.wall_us;
    bucket.min = bucket.count == 0 ? value : std::min(bucket.min, value);
    bucket.max = bucket.count == 0 ? value : std::max(bucket.max, value);
    bucket.count++;
    sums[slice] += *sample.value;
    bucket.from_us = begin_of(static_cast<__int128>(slice)) + sample.wall_us - at;
  }
  for (size_t i = 0; i < count; i++) {
    if (slices[i].count == 0) continue;
    const double divisor = static_cast<double>(slices[i].count) * kMetrics[metric].divisor;
    slices[i].mean = static_cast<double>(sums[i]) / divisor;
  }
  std::erase_if(slices, [](const Bucket& bucket) { return bucket.count == 0; });
  return slices;
}

void CompareSlices(const RandomHistory& history, Random* random) {
  const MetricRange metrics = kTierMetrics[static_cast<size_t>(history.tier())];
  const size_t metric = metrics.begin + random->Below(metrics.size());
  const Window window = history.RandomWindow(random);
  std::vector<Bucket> slices(random->OneOf<uint64_t>({1, 2, 7, 100, 1000}));
  const std::vector<Bucket> expected =
      SliceNaively(history.Naive(metric), window, metric, slices.size());
  slices.resize(Downsample(history.columns(), {static_cast<MetricId>(metric), window}, slices));
  CHECK_EQ(slices.size(), expected.size());
  for (size_t i = 0; i < std::min(slices.size(), expected.size()); i++) {
    const bool same = slices[i].count == expected[i].count && slices[i].min == expected[i].min &&
                      slices[i].max == expected[i].max && slices[i].mean == expected[i].mean &&
                      slices[i].first_us == expected[i].first_us &&
                      slices[i].from_us == expected[i].from_us;
    if (!same) check::Fail(__FILE__, __LINE__, history.Describe() + ": a slice is another");
  }
}

TEST("aggregate columns: slices of random windows are as if worked out naively") {
  Random random(11);
  for (int i = 0; i < 60; i++) {
    const RandomHistory history(RandomPlan(&random), &random);
    for (int j = 0; j < 20; j++) CompareSlices(history, &random);
  }
  HistoryPlan plan = RandomPlan(&random);
  plan.capacity = 6'000;
  plan.count = 9'000;
  const RandomHistory history(plan, &random);
  for (int j = 0; j < 20; j++) CompareSlices(history, &random);
}

// Values that say which sample they are of, so that a window's statistics follow from its ends.
constexpr int64_t kStepUs = 1'000;
constexpr uint64_t kNarrowCycle = 97;
constexpr auto kWideMetric = MetricId::kEnergyJoules;  // the sequence, in thousandths
constexpr auto kNarrowMetric = MetricId::kComputeUtilizationPercent;

Sample SampleAt(uint64_t sequence) {
  Sample sample;
  sample.start_ns = static_cast<int64_t>(sequence) * kStepUs * 1000;
  sample.wall_us = static_cast<int64_t>(sequence) * kStepUs;
  sample.Set(kWideMetric, static_cast<int64_t>(sequence));
  sample.Set(kNarrowMetric, static_cast<int64_t>(sequence % kNarrowCycle));
  return sample;
}

struct Shown {
  uint64_t answers = 0;
  uint64_t samples = 0;
  uint64_t lost = 0;
  uint64_t wrong = 0;
};

// Samples first to last, all known, and nothing else.
bool IsWideRange(const WindowStatistics& got, std::span<const double> percentiles) {
  const double first = static_cast<double>(got.first_us / kStepUs);
  const double last = static_cast<double>(got.last_us / kStepUs);
  const double count = last - first + 1;
  const auto at = [&](double percentile) {
    return (first + std::max(1.0, std::ceil(percentile * count / 100)) - 1) / 1000;
  };
  const double deviation = std::sqrt((count * count - 1) / 12) / 1000;
  return static_cast<double>(got.count) == count && got.unknown == 0 && got.first == first / 1000 &&
         got.last == last / 1000 && got.min == got.first && got.max == got.last &&
         got.mean == (first + last) * count / 2 / (count * 1000) &&
         std::fabs(got.standard_deviation - deviation) <= 1e-14 * deviation &&
         got.increase >= got.last - got.first - 1e-9 && percentiles[0] == at(50) &&
         percentiles[1] == at(99);
}

bool IsNarrowRange(const WindowStatistics& got, std::span<const double> percentiles) {
  const auto first = static_cast<uint64_t>(got.first_us / kStepUs);
  const auto last = static_cast<uint64_t>(got.last_us / kStepUs);
  std::vector<uint64_t> sorted;
  uint64_t sum = 0;
  uint64_t square = 0;
  for (uint64_t sequence = first; sequence <= last; sequence++) {
    const uint64_t value = sequence % kNarrowCycle;
    sorted.push_back(value);
    sum += value;
    square += value * value;
  }
  std::ranges::sort(sorted);
  const auto count = static_cast<double>(sorted.size());
  const auto at = [&](double percentile) {
    return static_cast<double>(
        sorted[static_cast<size_t>(std::max(1.0, std::ceil(percentile * count / 100))) - 1]);
  };
  const double above =
      count * static_cast<double>(square) - static_cast<double>(sum) * static_cast<double>(sum);
  return got.count == sorted.size() && got.unknown == 0 &&
         got.first == static_cast<double>(first % kNarrowCycle) &&
         got.last == static_cast<double>(last % kNarrowCycle) &&
         got.min == static_cast<double>(sorted.front()) &&
         got.max == static_cast<double>(sorted.back()) &&
         got.mean == static_cast<double>(sum) / count &&
         std::fabs(got.standard_deviation - std::sqrt(above) / count) <= 1e-12 &&
         percentiles[0] == at(50) && percentiles[1] == at(99);
}

Window WindowNear(uint64_t newest, uint64_t capacity, Random* random) {
  const uint64_t reach = random->Below(capacity + capacity / 2) + 1;
  if (random->OneIn(3)) return {WindowBy::kLast, 0, 0, reach};
  const int64_t to = static_cast<int64_t>(newest - std::min(newest, random->Below(reach)));
  const int64_t from = static_cast<int64_t>(newest - std::min(newest, reach));
  const WindowBy by = random->OneIn(2) ? WindowBy::kWall : WindowBy::kMonotonic;
  return {by, std::min(from, to) * kStepUs, to * kStepUs, 0};
}

// Slices of what is there, each whole, one after the other without a gap.
bool AreWideSlices(std::span<const Bucket> slices) {
  double next = 0;
  for (const Bucket& slice : slices) {
    const double first = static_cast<double>(slice.first_us / kStepUs);
    const double last = first + static_cast<double>(slice.count) - 1;
    const double mean = (first + last) * static_cast<double>(slice.count) / 2 /
                        (static_cast<double>(slice.count) * 1000);
    const bool right = static_cast<double>(slice.begin) == first && slice.min == first / 1000 &&
                       slice.max == last / 1000 && slice.mean == mean &&
                       slice.from_us <= slice.first_us;
    if (!right || (next != 0 && next != first)) return false;
    next = last + 1;
  }
  return true;
}

void CutUntil(const MetricColumns& columns, const std::atomic<bool>& done, Shown* shown) {
  Random random(30);
  std::vector<Bucket> slices(200);
  while (!done || shown->answers == 0) {
    const Window window = WindowNear(columns.Newest(), columns.capacity(), &random);
    const size_t count = Downsample(columns, {kWideMetric, window}, slices);
    if (count == 0) continue;
    shown->answers++;
    shown->samples += count;
    if (!AreWideSlices(std::span(slices).first(count))) shown->wrong++;
  }
}

struct Answers {
  Shown* shown;
  std::atomic<size_t>* answering;  // readers that have an answer
};
void AskUntil(const MetricColumns& columns, const std::atomic<bool>& done, uint64_t seed,
              const Answers& answers) {
  Shown* const shown = answers.shown;
  Random random(seed);
  const std::array<double, 2> wanted = {50, 99};
  const MetricColumns* const one = &columns;
  while (!done) {
    const bool wide = random.OneIn(2);
    const uint64_t newest = columns.Newest();
    const Window window = WindowNear(newest, columns.capacity(), &random);
    WindowStatistics got;
    std::array<double, 2> percentiles{};
    QueryColumns({{&one, 1}, wide ? kWideMetric : kNarrowMetric, {window, wanted}}, &got,
                 percentiles);
    shown->lost += got.lost;
    if (got.count == 0) continue;
    if (shown->answers++ == 0) (*answers.answering)++;
    shown->samples += got.count;
    const bool right = wide ? IsWideRange(got, percentiles) : IsNarrowRange(got, percentiles);
    if (!right) shown->wrong++;
    // All that was there when it looked is accounted for.
    const uint64_t there = std::min(newest, columns.capacity());
    const uint64_t told = got.count + got.lost;
    if (window.by == WindowBy::kLast && told < std::min(window.last, there)) shown->wrong++;
  }
}

void RaceColumns(uint64_t capacity, uint64_t pushes) {
  const auto columns = MetricColumns::Allocate({Tier::kFast, capacity, 1});
  std::array<Shown, 2> shown;
  std::atomic<bool> done{false};
  std::atomic<size_t> answering{0};
  std::vector<std::thread> readers;
  for (size_t i = 0; i < shown.size(); i++) {
    readers.emplace_back([&, i] { AskUntil(*columns, done, 20 + i, {&shown[i], &answering}); });
  }
  uint64_t sequence = 0;
  while (sequence < pushes || answering < shown.size()) {
    columns->Append(SampleAt(++sequence), kStepUs * 3'000);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (const Shown& one : shown) {
    CHECK_EQ(one.wrong, 0u);
    CHECK(one.answers > 0);
    std::printf("     %lu answers of %lu samples, %lu lost\n",
                static_cast<unsigned long>(one.answers), static_cast<unsigned long>(one.samples),
                static_cast<unsigned long>(one.lost));
  }
}

TEST("aggregate columns: who cuts a window into slices keeps those that no writer laps") {
  const auto columns = MetricColumns::Allocate({Tier::kFast, 3'000, 1});
  Shown shown;
  std::atomic<bool> done{false};
  std::thread reader([&] { CutUntil(*columns, done, &shown); });
  uint64_t sequence = 0;
  while (sequence < 150'000) columns->Append(SampleAt(++sequence), kStepUs * 3'000);
  done = true;
  reader.join();
  CHECK_EQ(shown.wrong, 0u);
  std::printf("     %lu answers of %lu slices\n", static_cast<unsigned long>(shown.answers),
              static_cast<unsigned long>(shown.samples));
}

TEST("aggregate columns: readers race a writer that laps them, 5 samples") {
  RaceColumns(5, 150'000);
}
TEST("aggregate columns: readers race a writer that laps them, 300 samples") {
  RaceColumns(300, 150'000);
}
TEST("aggregate columns: readers race a writer that laps them, 5000 samples") {
  RaceColumns(5'000, 150'000);
}

}  // namespace
}  // namespace gpuring
