// What is remembered of one device: its rings, what is kept beside them, and the latest of what is
// no sample.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/device_detail.h"
#include "core/device_report.h"
#include "core/history.h"
#include "core/sample_index.h"
#include "core/series_log.h"

namespace gpuring {

inline constexpr size_t kSeriesCount = kSeriesMetrics.size();

// How many records each ring of a device holds.
struct RingPlan {
  std::array<uint64_t, kTierCount> samples{};
  uint64_t series = 0;

  // With the indexes of the maker; null: there are none.
  [[nodiscard]] uint64_t Bytes(const IndexMaker* maker) const;
};

// What room for one more fast sample of a device takes at least, its index left out.
inline constexpr uint64_t kLeastBytesPerSample =
    History::SampleBytes(Tier::kFast) + SeriesLog::kRecordBytes * kSeriesCount;

struct Pace {
  int64_t period_ns = 1;
  std::array<int64_t, kTierCount> tier_periods_ns{};
};

// For this many fast samples; the other tiers cover as long.
[[nodiscard]] RingPlan PlanRings(uint64_t fast_samples, const Pace& pace);

// The rings of one device. Thread rules: as History.
struct RowRings {
  std::array<std::shared_ptr<History>, kTierCount> tiers;
  std::array<std::shared_ptr<SampleIndex>, kTierCount> indexes;  // null: there are none
  std::array<std::shared_ptr<SeriesLog>, kSeriesCount> series;

  // Where the sequences of a device's rings go on.
  struct Sequences {
    std::array<uint64_t, kTierCount> tiers = {1, 1, 1};
    std::array<uint64_t, kSeriesCount> series = {1, 1, 1};
  };

  // Who makes the indexes, and for which row; null: nobody.
  struct Indexing {
    IndexMaker* maker = nullptr;
    size_t row = 0;
  };

  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<RowRings> Allocate(const RingPlan& plan,
                                                          const Sequences& first,
                                                          const Indexing& indexing);
  // Gives the sample its sequence; its values hold for `hold_ns` at most.
  void Append(Tier tier, int64_t hold_ns, Sample* sample);
  void CatchUp(const RowRings& other);
  // REQUIRES: called by the appending thread.
  [[nodiscard]] Sequences Next() const;
  [[nodiscard]] uint64_t FastCapacity() const { return tiers[0]->capacity(); }
};

// The latest reports and details of a device, whole or not at all.
// Thread rules: one thread writes, any reads.
class RowBoard {
 public:
  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<RowBoard> Allocate();

  void WriteReports(Tier tier, std::span<const MetricReport, kMetricCount> reports);
  void WriteDetail(const DeviceDetail& detail);
  // False: the writer was in the way every time.
  [[nodiscard]] bool ReadReports(std::span<MetricReport, kMetricCount> reports) const;
  // False as well while nothing was written.
  [[nodiscard]] bool ReadDetail(DeviceDetail* detail) const;

 private:
  explicit RowBoard(CellArray cells) : cells_(std::move(cells)) {}

  CellArray cells_;
};

}  // namespace gpuring
