// A sampler over scripted devices and a clock that the test moves.
#pragma once

#include <array>
#include <bit>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/manual_clock.h"
#include "core/memory_source.h"
#include "core/published_row.h"
#include "core/sampler.h"

namespace gpuring {

inline constexpr int64_t kMs = 1'000'000;
inline constexpr int64_t kPeriodNs = 100 * kMs;
inline constexpr int64_t kLongNs = 20'000 * kMs;  // far more than anything here takes

inline MemoryAnswer Answer(int64_t power) { return {.values = {{MetricId::kPowerWatts, power}}}; }

inline MemoryDevice Device(std::vector<MemoryAnswer> answers) {
  MemoryDevice device;
  device.identity.uuid = "GPU-memory";
  device.answers = std::move(answers);
  return device;
}

// True once the condition holds; false if it does not within a time far beyond what is normal.
template <class Condition>
bool Eventually(Condition condition) {
  const int64_t deadline = MonotonicNowNs() + kLongNs;
  while (!condition()) {
    if (MonotonicNowNs() >= deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Rig {
  explicit Rig(MemoryScript script,
               SamplerOptions options = {.period_ns = kPeriodNs, .history_samples = 50}) {
    auto source = std::make_unique<MemorySource>(std::move(script));
    log = source->log();
    sampler = Sampler::Start(std::move(source), clock, options);
  }
  ~Rig() {
    sampler->RequestStop();
    (void)sampler->WaitStopped(kLongNs);
  }

  // REQUIRES: the source opens. When this returns, the first deadline has been served.
  void AwaitRunning() {
    (void)sampler->WaitOpened(kLongNs);
    clock->AwaitWaiter();
  }
  // Watches the rows; each was polled once when this returns.
  void WatchAll(std::vector<size_t> rows) {
    AwaitRunning();
    sampler->Watch(rows);
    clock->AwaitWaiter();
  }

  [[nodiscard]] std::vector<Sample> History(size_t row) const {
    std::vector<Sample> samples(1'000);
    HistoryRead read;
    sampler->ReadHistory(row, 1, samples, &read);
    samples.resize(read.count);
    return samples;
  }
  // Plain reads: the sampler's thread waits on the clock while the test looks.
  [[nodiscard]] uint64_t Header(size_t word) const { return sampler->block()->words()[word]; }
  // While the thread may be writing.
  [[nodiscard]] uint64_t HeaderNow(size_t word) const {
    return sampler->block()->cells()[word].Load(Order::kAcquire);
  }
  [[nodiscard]] uint64_t RowWord(size_t row, size_t word) const {
    return Header(kBlockHeaderWords + row * Header(kBlockRowStrideWord) + word);
  }
  [[nodiscard]] double RowDouble(size_t row, size_t word) const {
    return std::bit_cast<double>(RowWord(row, word));
  }
  [[nodiscard]] double RowMetric(size_t row, MetricId metric) const {
    return RowDouble(row, kRowMetricsWord + static_cast<size_t>(metric));
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<MemoryLog> log;
  std::shared_ptr<Sampler> sampler;
};

}  // namespace gpuring
