// The sampling path and native reads allocate nothing once the source is open.
#include <atomic>
#include <cstdlib>
#include <new>

#include "check.h"
#include "sampler_rig.h"

namespace {

std::atomic<uint64_t> allocations{0};

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

}  // namespace
}  // namespace gpuring
