// The sampling path and native reads allocate nothing once the source is open.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "check.h"
#include "sampler_rig.h"

namespace {

std::atomic<uint64_t> allocations{0};

// The rings of these tests, and nothing else, are this large.
constexpr size_t kLargeBytes = 1 << 20;
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

TEST("allocation: none while sampling, whatever the devices answer") {
  MemoryAnswer lost;
  lost.code = StatusCode::kDeviceLost;
  Rig rig({.devices = {Device({Answer(1'000), lost, {}}), Device({Answer(2'000)})}});
  rig.WatchAll({0, 1});
  const uint64_t before = allocations;
  for (int i = 0; i < 100; i++) rig.clock->Step(kPeriodNs);
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(rig.log->polls[0].load(), 101u);
}

TEST("allocation: none in a native read; the counter does count") {
  Rig rig({.devices = {Device({Answer(1'000)})}});
  rig.WatchAll({0});
  std::vector<Sample> samples(50);
  const uint64_t before = allocations;
  HistoryRead read;
  for (int i = 0; i < 10; i++) rig.sampler->ReadHistory(0, 1, samples, &read);
  CHECK_EQ(allocations.load() - before, 0u);
  CHECK_EQ(read.count, 1u);
  samples.resize(51);
  CHECK_EQ(allocations.load() - before, 1u);
}

constexpr uint64_t kManySamples = 3 * kLargeBytes / History::kSampleBytes;
constexpr size_t kRows = 4;

MemoryScript Rows() {
  MemoryScript script;
  for (size_t row = 0; row < kRows; row++) script.devices.push_back(Device({Answer(1'000)}));
  return script;
}

TEST("allocation: growing holds one replaced ring beside the new ones, and no more") {
  Rig rig(Rows(), {.period_ns = kPeriodNs, .history_samples = kManySamples});
  rig.WatchAll({0, 1, 2, 3});
  const uint64_t ring_bytes = large_bytes / kRows;
  large_bytes_peak = 0;
  CHECK(rig.sampler->GrowHistory(2 * kManySamples).ok());
  rig.clock->AwaitWaiter();
  CHECK_EQ(rig.sampler->HistoryCapacity(), 2 * kManySamples);
  CHECK(large_bytes_peak > 2 * kRows * ring_bytes);
  CHECK(large_bytes_peak < (2 * kRows + 2) * ring_bytes);
  CHECK(large_bytes < (2 * kRows + 1) * ring_bytes);
}

TEST("allocation: rounds go on between the rows that grow") {
  Rig rig(Rows(), {.period_ns = kPeriodNs, .history_samples = 8});
  rig.WatchAll({0, 1, 2, 3});
  const uint64_t before = rig.log->polls[0];
  static ManualClock* clock = nullptr;
  clock = rig.clock.get();
  before_large = [] { clock->Advance(kPeriodNs); };  // a row takes a whole period to grow
  CHECK(rig.sampler->GrowHistory(kManySamples).ok());
  rig.clock->AwaitWaiter();
  before_large = nullptr;
  CHECK_EQ(rig.sampler->HistoryCapacity(), kManySamples);
  CHECK_EQ(rig.log->polls[0] - before, kRows);
  CHECK_EQ(rig.Header(kBlockMissedDeadlinesWord), 0u);
  CHECK_EQ(rig.History(0).size(), 1 + kRows);
}

TEST("allocation: where there is no memory to grow, that wish is refused and sampling goes on") {
  Rig rig(Rows(), {.period_ns = kPeriodNs, .history_samples = 8});
  rig.WatchAll({0, 1, 2, 3});
  refuse_large = true;
  CHECK(rig.sampler->GrowHistory(kManySamples).ok());
  rig.clock->AwaitWaiter();
  CHECK_EQ(rig.sampler->GrowHistory(kManySamples).code(), StatusCode::kOutOfRange);
  refuse_large = false;
  CHECK_EQ(rig.sampler->HistoryCapacity(), 8u);
  CHECK(rig.sampler->GrowHistory(9).ok());
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.sampler->HistoryCapacity(), 9u);
  CHECK_EQ(rig.History(0).size(), 2u);
}

}  // namespace
}  // namespace gpuring
