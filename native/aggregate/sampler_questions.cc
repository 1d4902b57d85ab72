#include "aggregate/sampler_questions.h"

#include <array>
#include <utility>
#include <vector>

#include "aggregate/column_index.h"

namespace gpuring {
namespace {

using IndexShare = std::shared_ptr<const ColumnIndex>;

IndexShare IndexAt(const Sampler& sampler, size_t row, Tier tier) {
  if (sampler.index_maker() == nullptr) return nullptr;
  return std::static_pointer_cast<const ColumnIndex>(sampler.IndexOf(row, tier));
}

std::shared_ptr<WindowRegistry> WindowsOf(const Sampler& sampler) {
  const std::shared_ptr<IndexMaker>& maker = sampler.index_maker();
  return maker == nullptr ? nullptr : static_cast<const ColumnIndexMaker&>(*maker).windows();
}

Tier TierOf(MetricId metric) {
  size_t tier = 0;
  while (static_cast<size_t>(metric) >= kTierMetrics[tier].end) tier++;
  return static_cast<Tier>(tier);
}

// The columns of one tier of up to so many rows, held on to.
template <size_t kMost>
class HeldColumns {
 public:
  explicit HeldColumns(const Sampler& sampler) : sampler_(sampler) {}

  // Of those rows that have any.
  std::span<const MetricColumns* const> Take(std::span<const size_t> rows, Tier tier) {
    count_ = 0;
    for (const size_t row : rows) {
      IndexShare& share = shares_[count_];
      share = IndexAt(sampler_, row, tier);
      if (share != nullptr) columns_[count_++] = &share->columns();
    }
    return std::span(columns_).first(count_);
  }

 private:
  const Sampler& sampler_;
  std::array<IndexShare, kMost> shares_;
  std::array<const MetricColumns*, kMost> columns_;
  size_t count_ = 0;
};

// A record for each metric of these rows together. Returns what is left of `out`.
template <size_t kMost>
std::span<double> AskTogether(const RowsQuestion& question, std::span<const size_t> rows,
                              HeldColumns<kMost>* held, std::span<double> out) {
  std::array<double, kMostPercentiles> room;
  const auto percentiles = std::span(room).first(question.request.percentiles.size());
  std::span<const MetricColumns* const> columns;
  size_t tier = kTierCount;
  for (const MetricId metric : question.metrics) {
    if (const Tier now = TierOf(metric);
        std::exchange(tier, static_cast<size_t>(now)) != static_cast<size_t>(now)) {
      columns = held->Take(rows, now);
    }
    WindowStatistics statistics;
    for (double& value : percentiles) value = kAbsent;
    if (!columns.empty()) {
      QueryColumns({columns, metric, question.request}, &statistics, percentiles);
    }
    WriteRecord(statistics, percentiles, out);
    out = out.subspan(kStatisticsDoubles + percentiles.size());
  }
  return out;
}

// As of now. A row whose device goes meanwhile is forgotten afterwards.
void UpdateAll(const Sampler& sampler, WindowBoard* board) {
  for (size_t row = 0; row < Sampler::kRows && sampler.HasRow(row); row++) {
    for (size_t tier = 0; tier < kTierCount; tier++) {
      const IndexShare index = IndexAt(sampler, row, static_cast<Tier>(tier));
      RowColumns newest;
      if (index != nullptr && index->Newest(&newest)) board->Update(newest);
    }
  }
}

}  // namespace

size_t AskRows(const Sampler& sampler, const RowsQuestion& question, std::span<double> out) {
  const size_t wholes = question.pooled ? 1 : question.rows.size();
  const size_t records = wholes * question.metrics.size();
  const size_t doubles = kStatisticsDoubles + question.request.percentiles.size();
  if (out.size() / doubles < records || question.rows.size() > Sampler::kRows) return 0;
  if (question.pooled) {
    HeldColumns<Sampler::kRows> held(sampler);
    AskTogether(question, question.rows, &held, out);
    return records;
  }
  HeldColumns<1> held(sampler);
  for (size_t i = 0; i < wholes; i++) {
    out = AskTogether(question, question.rows.subspan(i, 1), &held, out);
  }
  return records;
}

size_t AskSeries(const Sampler& sampler, size_t row, const SeriesQuestion& question,
                 std::span<double> out) {
  const IndexShare index = IndexAt(sampler, row, TierOf(question.metric));
  const size_t slices = out.size() / kSliceDoubles;
  if (index == nullptr || slices > kMostSlices) return 0;
  std::vector<Bucket> buckets(slices);
  const size_t count = Downsample(index->columns(), question, buckets);
  for (size_t i = 0; i < count; i++, out = out.subspan(kSliceDoubles)) {
    const Bucket& bucket = buckets[i];
    out[0] = MillisecondsOf(bucket.from_us);
    out[1] = bucket.min;
    out[2] = bucket.max;
    out[3] = bucket.mean;
    out[4] = static_cast<double>(bucket.count);
  }
  return count;
}

std::unique_ptr<WatchedWindow> WatchWindow(const Sampler& sampler, const void* owner,
                                           const WindowSpec& spec) {
  const std::shared_ptr<WindowRegistry> windows = WindowsOf(sampler);
  if (windows == nullptr) return nullptr;
  for (;;) {
    const uint64_t forgotten = windows->Forgotten();
    std::shared_ptr<WindowBoard> board = WindowBoard::Allocate(spec);
    if (board == nullptr) return nullptr;
    UpdateAll(sampler, board.get());
    if (windows->Add(board, owner, forgotten)) {
      return std::make_unique<WatchedWindow>(windows, std::move(board));
    }
  }
}

void UnwatchWindowsOf(const Sampler& sampler, const void* owner) {
  if (const auto windows = WindowsOf(sampler); windows != nullptr) windows->RemoveAllOf(owner);
}

}  // namespace gpuring
