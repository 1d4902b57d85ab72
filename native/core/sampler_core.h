// What a sampler's thread and the handles on it share. Only sampler.cc uses it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "core/published_row.h"
#include "core/sampler.h"
#include "core/schedule.h"

namespace gpuring {

// Each member says who may touch it. "Thread": the sampler's own. "Fixed": written by the thread
// before the state leaves kOpening, and by nobody later.
class SamplerCore {
 public:
  SamplerCore(std::unique_ptr<Source> source, std::shared_ptr<Clock> clock,
              const SamplerOptions& options);

  // The thread's whole life.
  void Run();
  // Lets go of the source and shows the end. For the thread, or where none could be started.
  void Finish(const Status& opened);

  // From any thread; the contracts are those of Sampler's members of the same names.
  [[nodiscard]] SamplerState state() const { return state_.load(std::memory_order_acquire); }
  [[nodiscard]] Status status() const;
  [[nodiscard]] const std::vector<DeviceIdentity>& devices() const { return devices_; }
  [[nodiscard]] const SourceIdentity& identity() const { return identity_; }
  [[nodiscard]] const std::shared_ptr<BlockMemory>& block() const { return memory_; }
  [[nodiscard]] std::shared_ptr<History> HistoryOf(size_t row) const;
  [[nodiscard]] uint64_t HistoryCapacity() const;
  Status GrowHistory(uint64_t samples);
  void Watch(std::span<const size_t> rows);
  void Unwatch(std::span<const size_t> rows);
  void SetPeriodNs(int64_t period_ns);
  [[nodiscard]] int64_t period_ns() const { return period_ns_.load(std::memory_order_relaxed); }
  void RequestStop();
  Event& opened() { return opened_; }
  [[nodiscard]] const std::shared_ptr<Event>& stopped() const { return stopped_; }

 private:
  struct Row {
    std::atomic<uint32_t> watchers{0};
    std::atomic<bool> newly_watched{false};
    std::shared_ptr<History> history;  // replaced by the thread alone, under history_mutex_
    PublishedRow published;            // thread
  };
  enum class Pass : uint8_t { kEveryWatchedRow, kNewlyWatchedRows };

  [[nodiscard]] Status OpenSource();
  [[nodiscard]] Status Prepare();
  [[nodiscard]] Status CheckMemory(uint64_t history_samples, uint64_t replaced_samples) const;
  void Loop();
  [[nodiscard]] bool GrowOneRow();
  void ServePeriod(Schedule* schedule);
  void PollRows(Pass pass);
  [[nodiscard]] bool TakeDue(Row* row, Pass pass);
  void PollRow(size_t index);
  void FreeHistories();
  [[nodiscard]] PublishedBlock<StdAtomics> Block() const;

  const SamplerOptions options_;
  const std::shared_ptr<Clock> clock_;
  std::unique_ptr<Source> source_;  // thread
  std::atomic<SamplerState> state_{SamplerState::kOpening};
  Status status_;  // fixed
  Event opened_;
  const std::shared_ptr<Event> stopped_ = std::make_shared<Event>();

  // Requests to the thread: set, then the clock is woken.
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> watch_requested_{false};
  std::atomic<int64_t> period_ns_;
  std::atomic<uint64_t> growth_wanted_{0};            // samples a row
  std::atomic<uint64_t> growth_refused_{UINT64_MAX};  // for this much and more was no memory

  std::vector<DeviceIdentity> devices_;  // fixed
  SourceIdentity identity_;              // fixed
  std::shared_ptr<BlockMemory> memory_;  // fixed; the words in it are the thread's to write
  std::vector<Row> rows_;                // the vector is fixed
  uint64_t rounds_ = 0;                  // thread
  mutable std::mutex history_mutex_;
};

}  // namespace gpuring
