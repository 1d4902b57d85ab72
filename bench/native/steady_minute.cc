// Samples the simulated driver at 1 kHz and counts what the sampler's threads allocate meanwhile.
//   steady_minute LIBRARY SCENARIO SECONDS
// Prints one JSON object: counts, and when each reading of the first device began, in ms.
//
// The driver is in this process too, and its calls may allocate as they please: an allocation is
// the sampler's unless the driver's code is on the stack.
#include <link.h>
#include <unwind.h>

#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "core/sampler.h"
#include "nvml/source.h"

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}

namespace {

std::atomic<bool> counting{false};
std::atomic<uint64_t> by_driver{0};
std::atomic<uint64_t> by_sampler{0};
uintptr_t driver_begin = 0;
uintptr_t driver_end = 0;
thread_local bool is_reader = false;  // this program's own thread
thread_local bool looking = false;

_Unwind_Reason_Code LookAtFrame(_Unwind_Context* context, void* in_driver) {
  const uintptr_t address = _Unwind_GetIP(context);
  if (address < driver_begin || address >= driver_end) return _URC_NO_REASON;
  *static_cast<bool*>(in_driver) = true;
  return _URC_END_OF_STACK;
}

void Count() {
  if (!counting.load(std::memory_order_relaxed) || is_reader || looking) return;
  looking = true;
  bool in_driver = false;
  _Unwind_Backtrace(LookAtFrame, &in_driver);
  (in_driver ? by_driver : by_sampler)++;
  looking = false;
}

// Where the code of the driver that was opened lies.
void FindDriver() {
  const auto look = [](dl_phdr_info* info, size_t, void*) {
    if (std::strstr(info->dlpi_name, "libnvidia-ml") == nullptr) return 0;
    for (int at = 0; at < info->dlpi_phnum; at++) {
      const auto& part = info->dlpi_phdr[at];
      if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
      driver_begin = info->dlpi_addr + part.p_vaddr;
      driver_end = driver_begin + part.p_memsz;
    }
    return 1;
  };
  dl_iterate_phdr(look, nullptr);
}

}  // namespace

extern "C" {
void* malloc(size_t size) {
  Count();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Count();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  Count();
  return __libc_realloc(memory, size);
}
void* memalign(size_t alignment, size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == nullptr ? 12 : 0;
}
}

namespace gpuring {
namespace {

constexpr int64_t kPeriodNs = 1'000'000;
// The slow tier comes every 5 s, and each device's at another time.
constexpr int kWarmUpSeconds = 12;

struct Reader {
  const Sampler& sampler;
  std::vector<int64_t> starts_ns;
  std::vector<Sample> room = std::vector<Sample>(1'000);
  uint64_t next = 1;
  uint64_t lost = 0;

  void ReadOn(bool keep) {
    HistoryRead read;
    do {
      sampler.ReadHistory({0, Tier::kFast, next}, room, &read);
      for (size_t at = 0; keep && at < read.count; at++) starts_ns.push_back(room[at].start_ns);
      if (keep) lost += read.lost;
      next = read.next;
    } while (read.count == room.size());
  }
  void ReadFor(int seconds, bool keep) {
    const int64_t end_ns = MonotonicNowNs() + seconds * int64_t{1'000'000'000};
    while (MonotonicNowNs() < end_ns) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      ReadOn(keep);
    }
  }
};

uint64_t Header(const Sampler& sampler, size_t word) {
  return sampler.block()->cells()[word].Load(Order::kAcquire);
}

int Measure(const NvmlOptions& driver, int seconds) {
  SamplerOptions options;
  options.period_ns = kPeriodNs;
  options.make_source = [driver] { return std::make_unique<NvmlSource>(driver); };
  const auto sampler = Sampler::Start(std::make_shared<RealClock>(), options);
  if (!sampler->WaitOpened(int64_t{10'000'000'000}) || !sampler->status().ok()) {
    std::fprintf(stderr, "not opened: %s\n", sampler->status().message().c_str());
    return 1;
  }
  FindDriver();
  std::vector<size_t> rows;
  for (const DeviceEntry& entry : sampler->devices()->devices) rows.push_back(entry.row);
  sampler->Watch(rows);
  Reader reader{*sampler, {}};
  reader.starts_ns.reserve(static_cast<size_t>(seconds + 1) * 1'100);
  reader.ReadFor(kWarmUpSeconds, false);
  const uint64_t missed = Header(*sampler, kBlockMissedDeadlinesWord);
  const uint64_t rounds = Header(*sampler, kBlockRoundsWord);
  counting = true;
  reader.ReadFor(seconds, true);
  counting = false;
  std::printf("{\"devices\":%zu,\"rounds\":%" PRIu64 ",\"missed\":%" PRIu64, rows.size(),
              Header(*sampler, kBlockRoundsWord) - rounds,
              Header(*sampler, kBlockMissedDeadlinesWord) - missed);
  std::printf(",\"allocations\":%" PRIu64 ",\"driverAllocations\":%" PRIu64 ",\"lost\":%" PRIu64
              ",\"startsMs\":[",
              by_sampler.load(), by_driver.load(), reader.lost);
  for (size_t at = 0; at < reader.starts_ns.size(); at++) {
    std::printf("%s%.6f", at == 0 ? "" : ",", static_cast<double>(reader.starts_ns[at]) / 1e6);
  }
  std::printf("]}\n");
  sampler->RequestStop();
  return sampler->WaitStopped(int64_t{1'000'000'000}) ? 0 : 1;
}

}  // namespace
}  // namespace gpuring

int main(int count, char** arguments) {
  is_reader = true;
  if (count != 4) {
    std::fprintf(stderr, "usage: steady_minute LIBRARY SCENARIO SECONDS\n");
    return 2;
  }
  return gpuring::Measure({arguments[1], arguments[2]}, std::atoi(arguments[3]));
}
