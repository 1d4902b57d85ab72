// The sampling path and native reads allocate nothing once the source is open.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "aggregate/query.h"
#include "check.h"
#include "column_rig.h"
#include "core/row_memory.h"
#include "nvml_fixture.h"
#include "nvml_hooked.h"
#include "sampler_rig.h"

namespace {

std::atomic<uint64_t> allocations{0};

// The rings of these tests, and nothing else, are this large: a published block, which a thread of
// an earlier test may still give back, takes half of it.
constexpr size_t kLargeBytes = 2 << 20;
std::atomic<uint64_t> large_bytes{0};       // allocated now
std::atomic<uint64_t> large_bytes_peak{0};  // most at one time, since it was last set
std::atomic<bool> refuse_large{false};
std::atomic<void (*)()> before_large{nullptr};

void* Allocate(size_t size, size_t alignment) {
  allocations++;
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* AllocateOrAbort(size_t size, size_t alignment) {
  void* const memory = Allocate(size == 0 ? 1 : size, alignment);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

// Not inlined, so that the compiler does not set this new against that free.
[[gnu::noinline]] void* operator new(size_t size) {
  return AllocateOrAbort(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new[](size_t size) {
  return AllocateOrAbort(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size == 0 ? 1 : size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size == 0 ? 1 : size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(size_t size, std::align_val_t alignment) {
  return AllocateOrAbort(size, static_cast<size_t>(alignment));
}
[[gnu::noinline]] void* operator new(size_t size, std::align_val_t alignment,
                                     const std::nothrow_t&) noexcept {
  return Allocate(size, static_cast<size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

// The rings' own pages: the linker leads the calls of this program's objects here (--wrap).
extern "C" {
void* __real_mmap(void* at, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void* memory, size_t size);

void* __wrap_mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
  if (size < kLargeBytes) return __real_mmap(at, size, protection, flags, file, offset);
  if (const auto call = before_large.load(); call != nullptr) call();
  if (refuse_large) return MAP_FAILED;
  void* const memory = __real_mmap(at, size, protection, flags, file, offset);
  if (memory == MAP_FAILED) return memory;
  const uint64_t now = large_bytes += size;
  large_bytes_peak = std::max(large_bytes_peak.load(), now);
  return memory;
}

int __wrap_munmap(void* memory, size_t size) {
  if (size >= kLargeBytes) large_bytes -= size;
  return __real_munmap(memory, size);
}
}  // extern "C"

namespace gpuring {
namespace {

constexpr size_t kRows = 4;

MemoryScript Rows() {
  MemoryScript script;
  for (size_t row = 0; row < kRows; row++) script.devices.push_back(Device({Answer(1'000)}));
  return script;
}

TEST("allocation: none while sampling, whatever the devices answer") {
  MemoryAnswer lost;
  lost.code = StatusCode::kDeviceLost;
  Rig rig({.devices = {Device({Answer(1'000), lost, {}}), Device({Answer(2'000)})}});
  rig.WatchAll({0, 1});
  for (int i = 0; i < 5; i++) rig.clock->Step(kPeriodNs);
  const uint64_t before = allocations;
  for (int i = 0; i < 100; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(rig.log->polls[0].load(), 106u);
}

TEST("allocation: none in 10,000 rounds at 1 kHz with all tiers, drains, details and surveys") {
  MemoryAnswer answer = Answer(1'000);
  answer.values.push_back({MetricId::kGraphicsClockMhz, 1'500});
  answer.values.push_back({MetricId::kEccMode, 1});
  answer.unsupported = {MetricId::kEnergyJoules};
  MemoryScript script;
  for (int device = 0; device < 8; device++) script.devices.push_back(Device({answer}));
  Rig rig(std::move(script), {.period_ns = kMs, .history_samples = 2'000});
  std::vector<SeriesPoint> points;
  for (int64_t at = 0; at < 400; at++) {
    points.push_back({rig.clock->WallUs() + at * 20'000, 1'000 + at});
  }
  for (size_t device = 0; device < 8; device++) rig.host->AddPoints(device, 2, points);
  rig.WatchAll({0, 1, 2, 3, 4, 5, 6, 7});
  const int64_t start = rig.clock->MonotonicNs();
  for (int i = 0; i < 100; i++) rig.clock->Step(kMs);
  const uint64_t before = allocations;
  for (int i = 0; i < 10'000; i++) {
    CHECK_EQ((rig.clock->Step(kMs) - start) % kMs, 0);  // no drift of deadlines
  }
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(rig.log->polls[7].load(), 10'101u);
  CHECK_EQ(rig.Header(kBlockMissedDeadlinesWord), 0u);
  CHECK(rig.log->drains[7] > 40u && rig.log->surveys > 150u);
  CHECK(rig.log->slower[7][1] > 9u && rig.log->slower[7][2] > 1u);
}

TEST("allocation: none while columns and windows are kept beside the histories") {
  MemoryAnswer answer = Answer(1'000);
  answer.values.push_back({MetricId::kComputeUtilizationPercent, 50});
  answer.values.push_back({MetricId::kGraphicsClockMhz, 1'500});
  answer.values.push_back({MetricId::kEccMode, 1});
  MemoryScript script;
  for (int device = 0; device < 4; device++) script.devices.push_back(Device({answer, Answer(7)}));
  Rig rig(std::move(script), WithColumns({.period_ns = kMs, .history_samples = 300}));
  rig.WatchAll({0, 1, 2, 3});
  const WindowSpec spec = {.metrics = {MetricId::kPowerWatts, MetricId::kComputeUtilizationPercent,
                                       MetricId::kGraphicsClockMhz, MetricId::kEccMode},
                           .length_us = 200'000,
                           .percentiles = kSomePercentiles,
                           .ewma_us = 50'000};
  const int owner = 0;
  const auto first = WatchWindow(*rig.sampler, &owner, spec);
  const auto second = WatchWindow(*rig.sampler, &owner, spec);
  for (int i = 0; i < 5; i++) rig.clock->Step(kMs);
  const uint64_t before = allocations;
  for (int i = 0; i < 5'000; i++) rig.clock->Step(kMs);
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(rig.log->polls[3].load(), 5'006u);
  CHECK_EQ(Told(*second, 3, 0)[kCountAt], 201.0);
  CHECK_EQ(rig.Header(kBlockMissedDeadlinesWord), 0u);
}

TEST("allocation: none in a question, to one row or to a pool of them") {
  Rig rig(Rows(), WithColumns({.period_ns = kPeriodNs, .history_samples = 100}));
  rig.WatchAll({0, 1, 2, 3});
  for (int i = 0; i < 30; i++) rig.clock->Step(kPeriodNs);
  const std::array<size_t, 4> rows = {0, 1, 2, 3};
  const std::array metrics = {MetricId::kPowerWatts, MetricId::kGraphicsClockMhz};
  std::vector<double> out(rows.size() * metrics.size() *
                          (kStatisticsDoubles + kSomePercentiles.size()));
  const uint64_t before = allocations;
  for (const bool pooled : {false, true}) {
    const RowsQuestion question = {
        rows, metrics, {{WindowBy::kLast, 0, 0, 20}, kSomePercentiles}, pooled};
    CHECK_EQ(AskRows(*rig.sampler, question, out), pooled ? 2u : 8u);
    CHECK_EQ(out[kCountAt], pooled ? 80.0 : 20.0);
  }
  CHECK_EQ(allocations.load() - before, 0u);
}

TEST("allocation: none in a native read; the counter does count") {
  Rig rig({.devices = {Device({Answer(1'000)})}});
  rig.WatchAll({0});
  std::vector<Sample> samples(50);
  const uint64_t before = allocations;
  HistoryRead read;
  for (int i = 0; i < 10; i++) rig.sampler->ReadHistory({}, samples, &read);
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(read.count, 1u);
  samples.resize(51);
  CHECK_EQ(allocations.load() - before, 1u);
}

TEST("allocation: none in surveys of a driver that lists what it listed, MIG and all") {
  ScriptedDriver driver;
  driver->mig_mode_result = NVML_SUCCESS;
  driver->mig_mode = 1;
  driver->instances = {1, 0, 2, 0};
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  driver->handle[2] = NVML_ERROR_GPU_IS_LOST;
  bool changed = true;
  CHECK(source.Survey(&changed).ok());
  const uint64_t before = allocations;
  for (int again = 0; again < 10; ++again) CHECK(source.Survey(&changed).ok());
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK(!changed);
}

TEST("allocation: none in polls and drains of a driver, whatever it answers") {
  ScriptedDriver driver;
  driver->field.valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
  driver->memory_v2_result = driver->memory_result = NVML_ERROR_NOT_SUPPORTED;  // the system's then
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  std::array<SeriesPoint, 8> points;
  size_t count = 0;
  Sample sample;
  const auto use = [&](nvmlReturn_t result) {
    driver->utilization_result = driver->samples_result = result;
    for (const Tier tier : kTiers) static_cast<void>(source.Poll(0, tier, &sample).ok());
    for (size_t series = 0; series < kSeriesMetrics.size(); ++series) {
      static_cast<void>(source.Drain(0, {series, 0, points}, &count).ok());
    }
  };
  use(NVML_SUCCESS);
  const uint64_t before = allocations;
  for (unsigned int result = 0; result <= 30; ++result) use(static_cast<nvmlReturn_t>(result));
  CHECK_EQ(allocations.load() - before, 0u);
}

TEST("allocation: none in details, waits and registrations of a driver") {
  HookedDriver driver;
  driver->register_events = [](unsigned int, unsigned long long) { return NVML_ERROR_IN_USE; };
  driver->compute_processes = [](unsigned int* count, void* elements) {
    static_cast<nvmlProcessInfo_v2_t*>(elements)[0] = {7, 1, 0, 0};
    *count = 1;
    return NVML_SUCCESS;
  };
  NvmlSource source(Hooked());
  CHECK(source.Open().ok());
  driver->register_events = nullptr;
  const auto detail = std::make_unique<DeviceDetail>();
  SourceEvent event;
  bool changed = true;
  const uint64_t before = allocations;
  CHECK(source.ReadDetail(0, detail.get()).ok());
  CHECK_EQ(source.WaitEvent(0, &event).code(), StatusCode::kTryAgain);
  CHECK(source.Survey(&changed).ok());
  CHECK_EQ(source.WaitEvent(0, &event).code(), StatusCode::kTryAgain);
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(detail->process_count, 1);
}

TEST("allocation: what columns take is what the memory limit says that they do") {
  constexpr uint64_t kSamples = 100'000;
  constexpr Pace kPace = {kPeriodNs, {kPeriodNs, 1'000 * kMs, 5'000 * kMs}};
  const uint64_t before = large_bytes;
  Rig rig(Rows(), WithColumns({.period_ns = kPeriodNs, .history_samples = kSamples}));
  rig.AwaitRunning();
  const ColumnIndexMaker maker;
  const uint64_t planned = kRows * PlanRings(kSamples, kPace).Bytes(&maker);
  const uint64_t taken = large_bytes - before;
  CHECK(taken <= planned && taken > planned / 100 * 95);  // the rest lies in small rings
}

TEST("allocation: columns take what they say, and none while appending or asking") {
  const ColumnsShape shape = {Tier::kFast, 20'000, 1};
  const uint64_t bytes_before = large_bytes;
  const auto columns = MetricColumns::Allocate(shape);
  CHECK_EQ(large_bytes - bytes_before, MetricColumns::Bytes(shape));
  const auto wanted = std::to_array<double>({50, 95, 99});
  std::array<double, 3> percentiles{};
  std::array<Bucket, 100> buckets;
  const MetricColumns* const one = columns.get();
  WindowStatistics statistics;
  const uint64_t before = allocations;
  for (int64_t at = 0; at < 50'000; at++) {
    Sample sample;
    sample.start_ns = at * 1'000'000;
    sample.Set(MetricId::kPowerWatts, 100'000 + at * 7 % 1'000);
    columns->Append(sample, 3'000'000);
  }
  const Window window = {WindowBy::kMonotonic, 35'000'000, 48'000'000, 0};
  QueryColumns({{&one, 1}, MetricId::kPowerWatts, {window, wanted}}, &statistics, percentiles);
  CHECK_EQ(Downsample(*columns, {MetricId::kPowerWatts, window}, buckets), buckets.size());
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(statistics.count, 13'001u);
}

// The fast ring and the three series' are larger than kLargeBytes then; the others are not.
constexpr uint64_t kManySamples = 3 * kLargeBytes / SeriesLog::kRecordBytes;
TEST("allocation: growing holds one replaced ring beside the new ones, and no more") {
  Rig rig(Rows(), {.period_ns = kPeriodNs, .history_samples = kManySamples});
  rig.WatchAll({0, 1, 2, 3});
  const uint64_t row_bytes = large_bytes / kRows;
  large_bytes_peak = 0;
  CHECK(rig.sampler->GrowHistory(2 * kManySamples).ok());
  CHECK(Eventually([&] { return rig.sampler->HistoryCapacity() == 2 * kManySamples; }));
  CHECK(Eventually([&] { return large_bytes < (2 * kRows + 1) * row_bytes; }));
  CHECK(large_bytes_peak > 2 * kRows * row_bytes);
  CHECK(large_bytes_peak < (2 * kRows + 2) * row_bytes);
}

TEST("allocation: no deadline is missed while the history grows, however long it takes") {
  Rig rig(Rows(), {.period_ns = kPeriodNs, .history_samples = 8});
  rig.WatchAll({0, 1, 2, 3});
  const uint64_t before = rig.log->polls[0];
  static Event* gate = nullptr;
  Event opened;
  gate = &opened;
  before_large = [] { gate->WaitUntil(INT64_MAX); };  // memory that is hard to get
  CHECK(rig.sampler->GrowHistory(kManySamples).ok());
  for (int i = 0; i < 20; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.log->polls[0] - before, 20u);
  CHECK_EQ(rig.Header(kBlockMissedDeadlinesWord), 0u);
  CHECK_EQ(rig.sampler->HistoryCapacity(), 8u);
  opened.Set();
  CHECK(Eventually([&] { return rig.sampler->HistoryCapacity() == kManySamples; }));
  before_large = nullptr;
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Header(kBlockMissedDeadlinesWord), 0u);
  const std::vector<Sample> samples = rig.History(0);
  CHECK_EQ(samples.size(), 9u);  // what the old ring still had, and one more
  CHECK_EQ(samples.back().sequence, 22u);
}

TEST("allocation: where there is no memory to grow, that wish is refused and sampling goes on") {
  Rig rig(Rows(), {.period_ns = kPeriodNs, .history_samples = 8});
  rig.WatchAll({0, 1, 2, 3});
  refuse_large = true;
  CHECK(rig.sampler->GrowHistory(kManySamples).ok());
  CHECK(Eventually(
      [&] { return rig.sampler->GrowHistory(kManySamples).code() == StatusCode::kOutOfRange; }));
  refuse_large = false;
  CHECK_EQ(rig.sampler->HistoryCapacity(), 8u);
  CHECK(rig.sampler->GrowHistory(9).ok());
  CHECK(Eventually([&] { return rig.sampler->HistoryCapacity() == 9; }));
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.History(0).size(), 2u);
}

}  // namespace
}  // namespace gpuring
