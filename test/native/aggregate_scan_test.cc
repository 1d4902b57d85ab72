// Windows of plain columns against the meaning of each statistic written down once more, in long
// double; and summaries of arrays against sorting.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <random>

#include "aggregate/scan.h"
#include "aggregate/summary.h"
#include "check.h"

namespace gpuring {
namespace {

using Values = std::vector<double>;
using Random = std::mt19937_64;

double Unit(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

enum Word { kCount, kUnknown, kCovered, kFirst, kLast, kMin, kMax, kMean, kWeighted, kDeviation };
enum LaterWord { kEwma = kDeviation + 1, kIntegral, kIncrease, kFirstMs, kLastMs, kFromMs, kToMs };
constexpr size_t kLost = 17;
constexpr size_t kGrownMs = 18;

struct Sample {
  double time;
  double value;
};

// A ring that was filled beyond its end, and what it holds in order.
struct Ring {
  Values times;
  Values values;
  size_t oldest = 0;
  std::vector<Sample> samples;

  Ring(Random& random, size_t count, size_t capacity) : times(capacity), values(capacity) {
    oldest = capacity == 0 ? 0 : random() % capacity;
    double now = 1.7e12 + static_cast<double>(random() % 1000) / 8;
    const bool whole = random() % 2;
    for (size_t i = 0; i < count; i++) {
      const double gaps[] = {0, 0.125, 100, 100, 100, 5000};
      now += gaps[random() % std::size(gaps)];
      double value = whole ? static_cast<double>(random() % 101) : 300 * Unit(random) - 50;
      if (random() % 4 == 0) value = std::nan("");
      samples.push_back({now, value});
      times[(oldest + i) % capacity] = now;
      values[(oldest + i) % capacity] = value;
    }
  }

  SampleColumn Column() const { return {times, values, oldest, samples.size()}; }
};

// What the statistics of one column, or several, mean.
struct Naive {
  Values known;
  size_t unknown = 0;
  long double covered = 0;
  long double held = 0;
  long double increase = 0;
  long double grown = 0;
  std::optional<Sample> first;
  std::optional<Sample> last;
  long double ewma = 0;
  double from = kAbsent;
  double to = kAbsent;

  void Add(const std::vector<Sample>& samples, const ScanRequest& request) {
    double begin = request.from_ms;
    double end = request.to_ms;
    size_t skipped = 0;
    if (request.by == WindowBy::kLast) {
      skipped = samples.size() - std::min<size_t>(samples.size(), request.last);
      begin = samples.empty() ? kAbsent : samples[skipped].time;
      end = samples.empty() ? kAbsent : samples.back().time;
    }
    from = std::fmin(from, begin);
    to = std::fmax(to, end);
    std::optional<Sample> before;
    for (size_t i = 0; i < samples.size(); i++) {
      const Sample& sample = samples[i];
      const bool inside = i >= skipped && sample.time >= begin && sample.time <= end;
      const bool is_known = !std::isnan(sample.value);
      if (is_known && sample.time <= end) AddHeld(samples, i, begin, end, request.max_gap_ms);
      if (inside) unknown += !is_known;
      if (is_known && !inside && sample.time <= end) before = sample;
      if (!is_known || !inside) continue;
      const bool reaches = before && before->time + request.max_gap_ms >= begin;
      if (!first && !(reaches && sample.time > begin)) before.reset();
      AddKnown(sample, before, request);
      before = sample;
    }
  }

  void AddHeld(const std::vector<Sample>& samples, size_t i, double begin, double end, double gap) {
    double until = std::min(end, samples[i].time + gap);
    if (i + 1 < samples.size()) until = std::min(until, samples[i + 1].time);
    const double length = until - std::max(begin, samples[i].time);
    if (length <= 0) return;
    covered += length;
    held += static_cast<long double>(length) * samples[i].value;
  }

  void AddKnown(const Sample& sample, const std::optional<Sample>& before,
                const ScanRequest& request) {
    if (before) {
      const double grew = sample.value - before->value;
      increase += sample.value < before->value ? sample.value : grew;
      grown += sample.time - before->time;
    }
    if (!first) {
      first = sample;
      ewma = sample.value;
    } else if (request.ewma_ms > 0) {
      const long double passed = static_cast<long double>(sample.time) - last->time;
      ewma += -std::expm1(-passed / request.ewma_ms) * (sample.value - ewma);
    }
    last = sample;
    known.push_back(sample.value);
  }
};

double NaivePercentile(const Values& sorted, double p, PercentileMethod method) {
  if (sorted.empty()) return kAbsent;
  const auto count = static_cast<double>(sorted.size());
  if (method == PercentileMethod::kNearestRank) {
    return sorted[static_cast<size_t>(std::max(1.0, std::ceil((p * count) / 100))) - 1];
  }
  const double at = ((count - 1) * p) / 100;
  const auto low = static_cast<size_t>(std::floor(at));
  if (static_cast<double>(low) == at) return sorted[low];
  return sorted[low] + (at - std::floor(at)) * (sorted[low + 1] - sorted[low]);
}

bool IsSame(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool IsNear(double actual, long double expected, long double magnitude) {
  if (std::isnan(static_cast<double>(expected))) return std::isnan(actual);
  return std::abs(actual - expected) <= 1e-12L * magnitude;
}

void CheckRecord(const Values& record, const Naive& naive, const ScanRequest& request,
                 const char* where) {
  Values sorted = naive.known;
  std::sort(sorted.begin(), sorted.end());
  const bool any = !sorted.empty();
  const auto n = static_cast<long double>(std::max<size_t>(sorted.size(), 1));
  long double sum = 0;
  long double squares = 0;
  for (const double value : sorted) sum += value;
  for (const double value : sorted) squares += (value - sum / n) * (value - sum / n);
  const auto check = [&](size_t word, bool good) {
    if (!good) {
      check::Fail(__FILE__, __LINE__, std::string(where) + ": word " + std::to_string(word));
    }
  };
  const auto same = [&](size_t word, double value) { check(word, IsSame(record[word], value)); };
  const auto near = [&](size_t word, long double value, long double magnitude) {
    check(word, IsNear(record[word], any ? value : kAbsent, magnitude));
  };
  same(kCount, static_cast<double>(sorted.size()));
  same(kUnknown, static_cast<double>(naive.unknown));
  check(kCovered, IsNear(record[kCovered], naive.covered, naive.covered));
  same(kMin, any ? sorted.front() : kAbsent);
  same(kMax, any ? sorted.back() : kAbsent);
  near(kMean, sum / n, 300);
  near(kWeighted, naive.covered > 0 ? naive.held / naive.covered : kAbsent, 300);
  near(kDeviation, std::sqrt(squares / n), std::sqrt(squares / n) + 1e-3L);
  near(kIntegral, naive.held / 1000, 300 * (naive.covered / 1000));
  near(kIncrease, request.counter ? naive.increase : kAbsent, 300 * n);
  same(kFromMs, naive.from);
  same(kToMs, naive.to);
  same(kLost, 0);
  same(kGrownMs, request.counter ? static_cast<double>(naive.grown) : 0);
  for (size_t i = 0; i < request.percentiles.size(); i++) {
    same(kStatisticsDoubles + i, NaivePercentile(sorted, request.percentiles[i], request.method));
  }
}

void CheckEnds(const Values& record, const Naive& naive, const ScanRequest& request) {
  const Sample none = {kAbsent, kAbsent};
  CHECK(IsSame(record[kFirst], naive.first.value_or(none).value));
  CHECK(IsSame(record[kFirstMs], naive.first.value_or(none).time));
  CHECK(IsSame(record[kLast], naive.last.value_or(none).value));
  CHECK(IsSame(record[kLastMs], naive.last.value_or(none).time));
  const bool has_ewma = request.ewma_ms > 0 && naive.first;
  CHECK(IsNear(record[kEwma], has_ewma ? naive.ewma : kAbsent, 300));
}

ScanRequest RandomRequest(Random& random, const std::vector<Sample>& samples,
                          std::span<const double> percentiles) {
  ScanRequest request = {.percentiles = percentiles};
  request.method = random() % 2 ? PercentileMethod::kLinear : PercentileMethod::kNearestRank;
  request.counter = random() % 2;
  const double time_constants[] = {0, 0.01, 300, 1e7};
  request.ewma_ms = time_constants[random() % 4];
  const double gaps[] = {std::numeric_limits<double>::infinity(), 0, 100, 1000};
  request.max_gap_ms = gaps[random() % 4];
  if (random() % 4 == 0) {
    request.by = WindowBy::kLast;
    request.last = 1 + random() % 70;
    return request;
  }
  // At samples, and beside them.
  const auto instant = [&] {
    if (samples.empty()) return 1.7e12;
    const double offsets[] = {0, 0, 0, 1, -1, 0.0625, 20'000, -20'000};
    return samples[random() % samples.size()].time + offsets[random() % std::size(offsets)];
  };
  request.from_ms = instant();
  request.to_ms = instant();
  if (request.from_ms > request.to_ms) std::swap(request.from_ms, request.to_ms);
  return request;
}

const Values kPercentiles = {50, 0, 100, 99, 33.3, 95, 50};

TEST("a scan is what its statistics mean, over random rings and windows") {
  Random random(5);
  for (int round = 0; round < 6000; round++) {
    const size_t capacity = 1 + random() % 90;
    const Ring ring(random, random() % (capacity + 1), capacity);
    const ScanRequest request = RandomRequest(random, ring.samples, kPercentiles);
    Naive naive;
    naive.Add(ring.samples, request);
    Values record(kStatisticsDoubles + kPercentiles.size(), -7);
    const SampleColumn column = ring.Column();
    CHECK(ScanColumns({&column, 1}, request, record));
    CheckRecord(record, naive, request, "one");
    CheckEnds(record, naive, request);
  }
}

TEST("a scan of several columns is one of all their samples") {
  Random random(6);
  for (int round = 0; round < 1500; round++) {
    std::vector<Ring> rings;
    for (size_t i = 0; i < 3; i++) rings.emplace_back(random, random() % 40, 40);
    const ScanRequest request = RandomRequest(random, rings[0].samples, kPercentiles);
    Naive naive;
    std::vector<SampleColumn> columns;
    for (const Ring& ring : rings) {
      Naive own;
      own.Add(ring.samples, request);
      naive.known.insert(naive.known.end(), own.known.begin(), own.known.end());
      naive.unknown += own.unknown;
      naive.covered += own.covered;
      naive.held += own.held;
      naive.increase += own.increase;
      naive.grown += own.grown;
      naive.from = std::fmin(naive.from, own.from);
      naive.to = std::fmax(naive.to, own.to);
      columns.push_back(ring.Column());
    }
    Values record(kStatisticsDoubles + kPercentiles.size(), -7);
    CHECK(ScanColumns(columns, request, record));
    CheckRecord(record, naive, request, "pool");
    CheckEnds(record, Naive(), request);
  }
}

TEST("a scan's deviation holds far from 0") {
  constexpr size_t kCount = 10'000;
  Values times(kCount);
  Values values(kCount);
  long double squares = 0;
  for (size_t i = 0; i < kCount; i++) {
    times[i] = static_cast<double>(i);
    values[i] = 1e9 + (i % 2 ? 0x1p-10 : -0x1p-10);
    squares += 0x1p-20L;
  }
  const SampleColumn column = {times, values, 0, kCount};
  Values record(kStatisticsDoubles);
  CHECK(ScanColumns({&column, 1}, {.from_ms = 0, .to_ms = 1e9}, record));
  CHECK_EQ(record[kMean], 1e9);
  CHECK(IsNear(record[kDeviation], std::sqrt(squares / kCount), 0x1p-10L));
}

TEST("columns that do not hold their samples are not sound") {
  const Values four(4);
  const Values three(3);
  CHECK(IsSound({four, four, 3, 4}));
  CHECK(IsSound({{}, {}, 0, 0}));
  CHECK(!IsSound({four, four, 4, 1}));
  CHECK(!IsSound({four, four, 0, 5}));
  CHECK(!IsSound({three, four, 0, 1}));
  CHECK(!IsSound({four, four, SIZE_MAX, SIZE_MAX}));
}

TEST("slices of a column hold what falls into them") {
  Random random(8);
  for (int round = 0; round < 3000; round++) {
    const Ring ring(random, random() % 60, 60);
    const ScanRequest request = RandomRequest(random, ring.samples, {});
    const double from = request.from_ms;
    const double to = request.to_ms;
    const size_t slices = 1 + random() % 12;
    std::vector<Values> inside(slices);
    for (const Sample& sample : ring.samples) {
      if (sample.time < from || sample.time > to || std::isnan(sample.value)) continue;
      const double length = to > from ? to - from : 1;
      const double at = (sample.time - from) * static_cast<double>(slices) / length;
      inside[std::min(slices - 1, static_cast<size_t>(at))].push_back(sample.value);
    }
    Values out(slices * kScanSliceDoubles + 4, -7);
    const size_t written = DownsampleColumn(ring.Column(), from, to, out);
    size_t next = 0;
    for (size_t i = 0; i < slices; i++) {
      if (inside[i].empty()) continue;
      const double* const slice = &out[kScanSliceDoubles * next++];
      long double sum = 0;
      for (const double value : inside[i]) sum += value;
      CHECK_EQ(slice[0], from + (to - from) * static_cast<double>(i) / static_cast<double>(slices));
      CHECK_EQ(slice[1], *std::min_element(inside[i].begin(), inside[i].end()));
      CHECK_EQ(slice[2], *std::max_element(inside[i].begin(), inside[i].end()));
      CHECK(IsNear(slice[3], sum / inside[i].size(), 300));
      CHECK_EQ(slice[4], static_cast<double>(inside[i].size()));
    }
    CHECK_EQ(written, next);
    CHECK_EQ(out.back(), -7);
  }
}

template <class T>
void CheckSummaries(uint64_t apart, const char* name) {
  Random random(9);
  for (const size_t count : {0, 1, 2, 5, 300, 5000, 40'000}) {
    std::vector<T> values(count);
    const uint64_t shift = std::is_signed_v<T> ? apart / 2 : 0;
    for (T& value : values) value = static_cast<T>(static_cast<int64_t>(random() % apart - shift));
    Values sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto method : {PercentileMethod::kNearestRank, PercentileMethod::kLinear}) {
      Values out(kSummaryDoubles + kPercentiles.size());
      CHECK(Summarize(std::span<const T>(values), {kPercentiles, method}, out));
      long double sum = 0;
      long double squares = 0;
      for (const double value : sorted) sum += value;
      const auto n = static_cast<long double>(count);
      const long double mean = count > 0 ? sum / n : std::nanl("");
      for (const double value : sorted) squares += (value - mean) * (value - mean);
      const long double deviation = count > 0 ? std::sqrt(squares / n) : std::nanl("");
      bool good = out[0] == static_cast<double>(count);
      good &= IsSame(out[1], count > 0 ? sorted.front() : kAbsent);
      good &= IsSame(out[2], count > 0 ? sorted.back() : kAbsent);
      good &=
          IsSame(out[3], count > 0 ? static_cast<double>(sum) / static_cast<double>(n) : kAbsent);
      good &= IsNear(out[4], deviation, deviation);
      for (size_t i = 0; i < kPercentiles.size(); i++) {
        good &= IsSame(out[kSummaryDoubles + i], NaivePercentile(sorted, kPercentiles[i], method));
      }
      CHECK_EQ(good ? "" : std::string(name) + ", " + std::to_string(count), "");
    }
  }
}

TEST("summaries of whole numbers have their exact mean, and percentiles as sorted") {
  CheckSummaries<uint8_t>(101, "uint8");
  CheckSummaries<uint8_t>(256, "all uint8");
  CheckSummaries<int8_t>(256, "int8");
  CheckSummaries<uint16_t>(900, "few uint16");
  CheckSummaries<uint16_t>(65536, "uint16");
  CheckSummaries<int16_t>(65536, "int16");
  CheckSummaries<uint32_t>(101, "few uint32");
  CheckSummaries<uint32_t>(50'000, "some uint32");
  CheckSummaries<uint32_t>(uint64_t{1} << 32, "uint32");
  CheckSummaries<int32_t>(uint64_t{1} << 32, "int32");
  CheckSummaries<double>(1'000'000, "double");
  CheckSummaries<float>(1'000'000, "float");
}

TEST("a summary leaves NaN out") {
  const double nan = std::nan("");
  const Values values = {nan, 3, 1, nan, 2, nan};
  const Values median = {50};
  Values out(kSummaryDoubles + 1);
  CHECK(Summarize(std::span<const double>(values), {median}, out));
  CHECK_EQ(out[0], 3.0);
  CHECK_EQ(out[3], 2.0);
  CHECK_EQ(out[kSummaryDoubles], 2.0);
  const float floats[] = {std::nanf(""), 8};
  CHECK(Summarize(std::span<const float>(floats), {median}, out));
  CHECK_EQ(out[0], 1.0);
  CHECK_EQ(out[3], 8.0);
  const Values nothing = {nan, nan};
  CHECK(Summarize(std::span<const double>(nothing), {median}, out));
  CHECK_EQ(out[0], 0.0);
  CHECK(std::isnan(out[3]) && std::isnan(out[kSummaryDoubles]));
}

}  // namespace
}  // namespace gpuring
