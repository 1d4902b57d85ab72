#include "core/row_memory.h"

#include <algorithm>
#include <utility>

#include "core/sequence_lock.h"

namespace gpuring {
namespace {

// However short the history: what explains a change has to outlive it a little.
constexpr uint64_t kLeastSlowSamples = 16;

constexpr size_t kReportWords = sizeof(MetricReport) / sizeof(uint64_t);
constexpr size_t kDetailWords = sizeof(DeviceDetail) / sizeof(uint64_t);
// A lock word before the reports of each tier, and before the detail.
constexpr size_t kDetailLock = kTierCount + kMetricCount * kReportWords;
constexpr size_t kBoardCells = kDetailLock + 1 + kDetailWords;
// Writes are milliseconds apart, copies take microseconds.
constexpr int kCopyAttempts = 1000;

MetricRange MetricsOf(size_t tier) { return kTierMetrics[tier]; }

SequenceLock<StdAtomics> LockAt(StdAtomics::Cell* cells, size_t at) {
  return {cells + at, cells + at + 1};
}

SequenceLock<StdAtomics> ReportLock(StdAtomics::Cell* cells, size_t tier) {
  return LockAt(cells, tier + MetricsOf(tier).begin * kReportWords);
}

std::span<uint64_t> WordsOf(std::span<MetricReport> reports) {
  return {reinterpret_cast<uint64_t*>(reports.data()), reports.size() * kReportWords};
}

// The version that was copied; -1: the writer was in the way every time.
int64_t CopyUnder(const SequenceLock<StdAtomics>& lock, std::span<uint64_t> words) {
  for (int attempt = 0; attempt < kCopyAttempts; attempt++) {
    uint64_t version = 0;
    if (lock.TryRead(words, &version) == LockedRead::kConsistent) {
      return static_cast<int64_t>(version);
    }
  }
  return -1;
}

}  // namespace

uint64_t RingPlan::Bytes(const IndexMaker* maker) const {
  uint64_t bytes = series * SeriesLog::kRecordBytes * kSeriesCount;
  for (size_t tier = 0; tier < kTierCount; tier++) {
    bytes += samples[tier] * History::SampleBytes(static_cast<Tier>(tier));
    if (maker != nullptr) bytes += maker->Bytes(static_cast<Tier>(tier), samples[tier]);
  }
  return bytes;
}

RingPlan PlanRings(uint64_t fast_samples, const Pace& pace) {
  RingPlan plan;
  plan.series = fast_samples;
  plan.samples[0] = fast_samples;
  for (size_t tier = 1; tier < kTierCount; tier++) {
    const auto ratio = static_cast<uint64_t>(pace.tier_periods_ns[tier] / pace.period_ns);
    const uint64_t as_long = ratio <= 1 ? fast_samples : fast_samples / ratio + 1;
    plan.samples[tier] = std::max(as_long, kLeastSlowSamples);
  }
  return plan;
}

std::shared_ptr<RowRings> RowRings::Allocate(const RingPlan& plan, const Sequences& first,
                                             const Indexing& indexing) {
  auto rings = std::make_shared<RowRings>();
  for (size_t at = 0; at < kTierCount; at++) {
    const auto tier = static_cast<Tier>(at);
    rings->tiers[at] = History::Allocate({tier, plan.samples[at], first.tiers[at]});
    if (rings->tiers[at] == nullptr) return nullptr;
    if (indexing.maker == nullptr) continue;
    rings->indexes[at] =
        indexing.maker->Make({indexing.row, tier, plan.samples[at], first.tiers[at]});
    if (rings->indexes[at] == nullptr) return nullptr;
  }
  for (size_t at = 0; at < kSeriesCount; at++) {
    rings->series[at] = SeriesLog::Allocate(plan.series, first.series[at]);
    if (rings->series[at] == nullptr) return nullptr;
  }
  return rings;
}

void RowRings::Append(Tier tier, int64_t hold_ns, Sample* sample) {
  const auto at = static_cast<size_t>(tier);
  tiers[at]->Append(sample);
  if (indexes[at] != nullptr) indexes[at]->Append(*sample, hold_ns);
}

void RowRings::CatchUp(const RowRings& other) {
  for (size_t tier = 0; tier < kTierCount; tier++) {
    tiers[tier]->CatchUp(*other.tiers[tier]);
    if (indexes[tier] != nullptr) indexes[tier]->CatchUp(*other.indexes[tier]);
  }
  for (size_t at = 0; at < kSeriesCount; at++) series[at]->CatchUp(*other.series[at]);
}

RowRings::Sequences RowRings::Next() const {
  Sequences next;
  for (size_t tier = 0; tier < kTierCount; tier++) next.tiers[tier] = tiers[tier]->NextSequence();
  for (size_t at = 0; at < kSeriesCount; at++) next.series[at] = series[at]->NextSequence();
  return next;
}

std::shared_ptr<RowBoard> RowBoard::Allocate() {
  CellArray cells = AllocateCells(kBoardCells);
  if (cells == nullptr) return nullptr;
  return std::shared_ptr<RowBoard>(new RowBoard(std::move(cells)));
}

void RowBoard::WriteReports(Tier tier, std::span<const MetricReport, kMetricCount> reports) {
  const auto at = static_cast<size_t>(tier);
  const auto part = reports.subspan(MetricsOf(at).begin, MetricsOf(at).size());
  auto lock = ReportLock(cells_.get(), at);
  lock.Write(lock.LastWritten() + 1,
             {reinterpret_cast<const uint64_t*>(part.data()), part.size() * kReportWords});
}

void RowBoard::WriteDetail(const DeviceDetail& detail) {
  auto lock = LockAt(cells_.get(), kDetailLock);
  lock.Write(lock.LastWritten() + 1, {reinterpret_cast<const uint64_t*>(&detail), kDetailWords});
}

bool RowBoard::ReadReports(std::span<MetricReport, kMetricCount> reports) const {
  for (size_t tier = 0; tier < kTierCount; tier++) {
    const auto part = reports.subspan(MetricsOf(tier).begin, MetricsOf(tier).size());
    if (CopyUnder(ReportLock(cells_.get(), tier), WordsOf(part)) < 0) return false;
  }
  return true;
}

bool RowBoard::ReadDetail(DeviceDetail* detail) const {
  const std::span<uint64_t> words(reinterpret_cast<uint64_t*>(detail), kDetailWords);
  return CopyUnder(LockAt(cells_.get(), kDetailLock), words) > 0;
}

}  // namespace gpuring
