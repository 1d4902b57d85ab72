// Polls a source at absolute deadlines and publishes what it learns, whatever the source does.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/block_memory.h"
#include "core/clock.h"
#include "core/device_report.h"
#include "core/device_table.h"
#include "core/event_log.h"
#include "core/history.h"
#include "core/published_row.h"
#include "core/sample_index.h"
#include "core/sampler_state.h"
#include "core/series_log.h"
#include "core/source.h"
#include "core/status.h"

namespace gpuring {

class SamplerCore;

struct SamplerOptions {
  // A source not opened yet; a new one each time the driver has to be opened again.
  std::function<std::unique_ptr<Source>()> make_source{};
  int64_t period_ns = 100'000'000;
  uint64_t history_samples = 6'000;  // of the fast tier, a device; the other tiers cover as long
  // For the history of all devices together, at its peak: while a ring grows, the old one counts.
  // A reader that is copying out of a replaced ring may keep it for as long as that takes.
  uint64_t memory_limit_bytes = 1ull << 30;
  // The least time between two readings of a tier; the fast one's is the period.
  std::array<int64_t, kTierCount> tier_periods_ns = {0, 1'000'000'000, 5'000'000'000};
  // A call that takes longer than this makes its device hung.
  int64_t hang_timeout_ns = 2'000'000'000;
  // Low power: let go of the driver once all devices have been idle for so long. 0: never.
  int64_t idle_release_ns = 0;
  // Of what is kept beside each history, within the memory limit; null: nothing is.
  std::shared_ptr<IndexMaker> index_maker{};
};

// A handle on the threads and all that they touch. The threads keep their own share of that state,
// so one that hangs in the driver may be left behind: it touches nothing but its own.
//
// Thread rules: every member may be called from any thread; none but the Wait… members blocks.
class Sampler {
 public:
  // Rows that the published block has room for.
  static constexpr size_t kRows = 256;
  static constexpr BlockLayout kLayout = {kRows, kRowWords, kLedgerShards};

  // Returns at once; a thread opens the source itself. Later failures show in state().
  [[nodiscard]] static std::shared_ptr<Sampler> Start(std::shared_ptr<Clock> clock,
                                                      const SamplerOptions& options);
  // Requests the stop and lets go; never waits.
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  [[nodiscard]] SamplerState state() const;
  [[nodiscard]] Status status() const;  // Ok unless kFailed

  // REQUIRES, for this and what follows up to Watch: kRunning was seen.
  [[nodiscard]] std::shared_ptr<const DeviceList> devices() const;
  [[nodiscard]] SourceIdentity identity() const;  // of the driver that was opened last
  [[nodiscard]] const std::shared_ptr<BlockMemory>& block() const;
  [[nodiscard]] const EventLog& events() const;

  // Copies the samples of a tier of one device from `from_sequence` on, oldest first; all members
  // of `read` are 0 when there is no such row.
  struct HistoryRange {
    size_t row = 0;
    Tier tier = Tier::kFast;
    uint64_t from_sequence = 1;
  };
  void ReadHistory(const HistoryRange& range, std::span<Sample> out, HistoryRead* read) const;
  // Likewise of a series; `series`: index into kSeriesMetrics.
  struct SeriesRange {
    size_t row = 0;
    size_t series = 0;
    uint64_t from_sequence = 1;
  };
  void ReadSeries(const SeriesRange& range, std::span<SeriesRecord> out, RingRead* read) const;
  // What is kept beside the history of a tier of one device now; null: nothing, or no such row.
  // It is not appended to any more once the history has grown, or the row has gone.
  [[nodiscard]] std::shared_ptr<const SampleIndex> IndexOf(size_t row, Tier tier) const;
  // Who makes it; null: nobody.
  [[nodiscard]] const std::shared_ptr<IndexMaker>& index_maker() const;
  // False: there is no such row, or the writer was in the way every time.
  [[nodiscard]] bool ReadReports(size_t row, std::span<MetricReport, kMetricCount> reports) const;
  // False as well while nothing was read yet.
  [[nodiscard]] bool ReadDetail(size_t row, DeviceDetail* detail) const;

  // Fast samples that every device has room for; 0 before kRunning.
  [[nodiscard]] uint64_t HistoryCapacity() const;
  // Asks for room for at least `samples` a device; HistoryCapacity() says when it is there. What is
  // stored is kept, and no reading waits for it. kOutOfRange: it would pass the memory limit
  // (nothing changes), or there was no memory for as much (devices that had grown by then keep it).
  Status GrowHistory(uint64_t samples);

  // True for ever once a device had the row.
  [[nodiscard]] bool HasRow(size_t row) const;
  // Only rows with a watcher are polled; each Watch needs its Unwatch. The first watcher of a row
  // has it polled at once, ahead of the next deadline. Rows that are no device are ignored.
  void Watch(std::span<const size_t> rows);
  void Unwatch(std::span<const size_t> rows);

  // Later deadlines lie whole new periods after the last one that was due.
  void SetPeriodNs(int64_t period_ns);
  [[nodiscard]] int64_t period_ns() const;

  // Lets go of the driver until as many Resume() as Suspend() were called. The block's
  // kBlockDriverWord says when it has.
  void Suspend();
  void Resume();

  void RequestStop();
  // False: a thread did not end within the time (it hangs in the source) and may be abandoned.
  [[nodiscard]] bool WaitStopped(int64_t timeout_ns) const;
  // What WaitStopped waits for. It keeps nothing else of the sampler.
  [[nodiscard]] std::shared_ptr<Event> stopped() const;
  // False: the source is still being opened after the time.
  [[nodiscard]] bool WaitOpened(int64_t timeout_ns) const;

 private:
  explicit Sampler(std::shared_ptr<SamplerCore> core);

  const std::shared_ptr<SamplerCore> core_;
};

}  // namespace gpuring
