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

inline MemoryAnswer Failing(StatusCode code) {
  MemoryAnswer answer;
  answer.code = code;
  return answer;
}

inline MemoryAnswer Hanging(Event* gate) {
  MemoryAnswer answer = Answer(9'000);
  answer.gate = gate;
  return answer;
}

inline MemoryDevice Device(std::vector<MemoryAnswer> answers) {
  MemoryDevice device;
  device.answers = std::move(answers);
  return device;
}

inline MemoryScript Devices(size_t count) {
  MemoryScript script;
  for (size_t at = 0; at < count; at++) script.devices.push_back(Device({Answer(1'000)}));
  return script;
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

inline SamplerOptions OptionsFor(const std::shared_ptr<MemoryHost>& host, SamplerOptions options) {
  options.make_source = [host] { return std::make_unique<MemorySource>(host); };
  return options;
}

struct Rig {
  explicit Rig(MemoryScript script,
               SamplerOptions options = {.period_ns = kPeriodNs, .history_samples = 50})
      : Rig(std::make_shared<MemoryHost>(std::move(script)), std::move(options)) {}
  Rig(std::shared_ptr<MemoryHost> its_host, SamplerOptions options)
      : host(std::move(its_host)), log(host->log()) {
    sampler = Sampler::Start(clock, OptionsFor(host, std::move(options)));
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
  // While a thread hangs, nobody can tell when a step is done: the test moves time until it is so.
  template <class Condition>
  bool AdvanceUntil(int64_t step_ns, Condition condition) {
    for (int step = 0; step < 2'000; step++) {
      if (condition()) return true;
      clock->Advance(step_ns);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return condition();
  }

  [[nodiscard]] std::vector<Sample> History(size_t row, Tier tier = Tier::kFast) const {
    std::vector<Sample> samples(1'000);
    HistoryRead read;
    sampler->ReadHistory({row, tier, 1}, samples, &read);
    samples.resize(read.count);
    return samples;
  }
  [[nodiscard]] std::vector<SeriesRecord> Series(size_t row, size_t series) const {
    std::vector<SeriesRecord> records(5'000);
    RingRead read;
    sampler->ReadSeries({row, series, 1}, records, &read);
    records.resize(read.count);
    return records;
  }
  [[nodiscard]] MetricReport Report(size_t row, MetricId metric) const {
    std::array<MetricReport, kMetricCount> reports;
    return sampler->ReadReports(row, reports) ? reports[static_cast<size_t>(metric)]
                                              : MetricReport{};
  }
  [[nodiscard]] std::vector<EventRecord> Events() const {
    std::vector<EventRecord> events(EventLog::kCapacity);
    events.resize(sampler->events().Read(1, events).count);
    return events;
  }
  // How many of the kind were noted, about the row or whichever.
  [[nodiscard]] size_t EventCount(EventKind kind, int64_t device = INT64_MIN) const {
    size_t count = 0;
    for (const EventRecord& event : Events()) {
      const bool about = device == INT64_MIN || event.device == device;
      if (event.kind == static_cast<uint64_t>(kind) && about) count++;
    }
    return count;
  }
  [[nodiscard]] DriverState Driver() const {
    return static_cast<DriverState>(HeaderNow(kBlockDriverWord));
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
  [[nodiscard]] StatusCode RowStatus(size_t row) const {
    const size_t stride = HeaderNow(kBlockRowStrideWord);
    return static_cast<StatusCode>(HeaderNow(kBlockHeaderWords + row * stride + kRowStatusWord));
  }
  [[nodiscard]] double RowDouble(size_t row, size_t word) const {
    return std::bit_cast<double>(RowWord(row, word));
  }
  [[nodiscard]] double RowMetric(size_t row, MetricId metric) const {
    return RowDouble(row, kRowMetricsWord + static_cast<size_t>(metric));
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<MemoryHost> host;
  std::shared_ptr<MemoryLog> log;
  std::shared_ptr<Sampler> sampler;
};

}  // namespace gpuring
