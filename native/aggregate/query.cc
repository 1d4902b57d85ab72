#include "aggregate/query.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "aggregate/column_window.h"
#include "aggregate/percentiles.h"
#include "aggregate/pool_sums.h"
#include "aggregate/window_ranks.h"
#include "aggregate/window_totals.h"
#include "aggregate/window_walks.h"

namespace gpuring {
namespace {

// For up to so many columns: room for the most takes time to clear.
template <size_t kMost>
class PoolQuery {
 public:
  explicit PoolQuery(const ColumnsQuestion& question)
      : question_(question),
        request_(question.request),
        metric_(static_cast<size_t>(question.metric)) {}

  // False: a writer overwrote what was read; what is written means nothing then.
  [[nodiscard]] bool Try(int attempt, WindowStatistics* statistics, std::span<double> percentiles) {
    *statistics = {};
    std::ranges::fill(percentiles, kAbsent);
    Resolve(attempt, statistics);
    Pool pool = {metric_, question_.columns, Windows()};
    PoolSums sums;
    for (size_t i = 0; i < pool.columns.size(); i++) AddColumn(i, &sums, statistics);
    statistics->count = sums.sums.known;
    if (statistics->unknown < statistics->count) return false;
    statistics->unknown -= statistics->count;
    if (sums.sums.known > 0) Finish(pool, &sums, statistics, percentiles);
    return AllStillThere();
  }

  // After the last attempt: nothing but what is missing.
  void GiveUp(WindowStatistics* statistics, std::span<double> percentiles) const {
    WindowStatistics nothing;
    nothing.from_us = statistics->from_us;
    nothing.to_us = statistics->to_us;
    for (size_t i = 0; i < question_.columns.size(); i++) {
      nothing.lost += windows_[i].end - std::min(wanted_[i], windows_[i].end);
    }
    *statistics = nothing;
    std::ranges::fill(percentiles, kAbsent);
  }

 private:
  [[nodiscard]] std::span<const ColumnWindow> Windows() const {
    return std::span(windows_).first(question_.columns.size());
  }

  void Resolve(int attempt, WindowStatistics* statistics) {
    for (size_t i = 0; i < question_.columns.size(); i++) {
      const MetricColumns& columns = *question_.columns[i];
      windows_[i] = ResolveWindow(columns, request_.window, attempt);
      const ColumnWindow& window = windows_[i];
      NoteWanted(i, attempt);
      statistics->lost += window.begin - std::min(window.begin, wanted_[i]);
      statistics->unknown += window.size();
      if (window.unix_from_us == kNoTime) continue;
      const bool first = statistics->from_us == kNoTime;
      statistics->from_us =
          first ? window.unix_from_us : std::min(statistics->from_us, window.unix_from_us);
      statistics->to_us =
          first ? window.unix_to_us : std::max(statistics->to_us, window.unix_to_us);
    }
  }

  // Which sample the window began with when it was first seen whole.
  void NoteWanted(size_t i, int attempt) {
    const ColumnWindow& window = windows_[i];
    if (window.by == WindowBy::kLast) {
      const uint64_t there = window.head + 1 - window.whole_oldest;
      wanted_[i] = window.head + 1 - std::min(there, request_.window.last);
      return;
    }
    if (attempt > 0 && seen_[i]) return;
    const bool clamped = window.begin == window.oldest;
    wanted_[i] = clamped ? window.whole_oldest : window.begin;
    seen_[i] = StillIn(*question_.columns[i], window);
  }

  void AddColumn(size_t i, PoolSums* pool, WindowStatistics* statistics) {
    const ColumnWindow& window = windows_[i];
    const ColumnReader reader(*question_.columns[i]);
    WindowTotals totals = TotalsOf(reader, metric_, window);
    AddEdges(reader, metric_, window, &totals.sums);
    PrefixSums& sums = pool->sums;
    sums.known += totals.sums.known;
    sums.covered += totals.sums.covered;
    sums.sum += totals.sums.sum;
    sums.square += totals.sums.square;
    sums.held += totals.sums.held;
    pool->extremes.least = std::min(pool->extremes.least, totals.extremes.least);
    pool->extremes.greatest = std::max(pool->extremes.greatest, totals.extremes.greatest);
    // Clocks that were set may make more of it than the window has.
    statistics->covered_us += static_cast<int64_t>(
        std::min(totals.sums.covered,
                 static_cast<uint64_t>(std::max<int64_t>(window.to_us - window.from_us, 0))));
    if (totals.first == 0) return;
    if (kColumnForms[metric_].counter) {
      const Growth growth = GrowthSince(reader, metric_, window, totals.first);
      pool->increase += growth.increase;
      statistics->grown_us += reader.MonotonicAt(totals.last) - reader.MonotonicAt(growth.since);
    }
    if (question_.columns.size() == 1) WriteEnds(reader, totals, statistics);
  }

  void WriteEnds(const ColumnReader& reader, const WindowTotals& totals,
                 WindowStatistics* statistics) const {
    const MetricRow& row = kMetrics[metric_];
    statistics->first = PublicValue(row, reader.OffsetAt(metric_, totals.first));
    statistics->last = PublicValue(row, reader.OffsetAt(metric_, totals.last));
    statistics->first_us = reader.WallAt(totals.first);
    statistics->last_us = reader.WallAt(totals.last);
    if (request_.ewma_us <= 0) return;
    statistics->ewma =
        EwmaOf(reader, metric_, {totals.first, totals.last, request_.ewma_us}) / row.divisor;
  }

  void Finish(const Pool& pool, PoolSums* sums, WindowStatistics* statistics,
              std::span<double> percentiles) const {
    const uint64_t count = sums->sums.known;
    WantedRanks wanted;
    std::array<Position, kMostPercentiles> positions;
    for (size_t i = 0; i < request_.percentiles.size(); i++) {
      const Position position = PositionOf(request_.percentiles[i], request_.method, count);
      positions[i] = position;
      wanted.Add(position.rank);
      if (position.beyond > 0) wanted.Add(position.rank + 1);
    }
    const bool narrow = kColumnForms[metric_].narrow;
    if (narrow) {
      wanted.Add(0);
      wanted.Add(count - 1);
    }
    wanted.Sort();
    if (narrow) {
      FindNarrow(pool, &wanted);
      sums->extremes = {wanted.OffsetAt(0), wanted.OffsetAt(count - 1)};
    } else if (!request_.percentiles.empty()) {
      FindWide(pool, sums->extremes, &wanted);
    }
    WriteSums(*sums, kMetrics[metric_], statistics);
    for (size_t i = 0; i < request_.percentiles.size(); i++) {
      percentiles[i] = Between(wanted, positions[i]);
    }
  }

  [[nodiscard]] double Between(const WantedRanks& wanted, const Position& position) const {
    const MetricRow& row = kMetrics[metric_];
    const double low = PublicValue(row, wanted.OffsetAt(position.rank));
    if (position.beyond == 0) return low;
    const double high = PublicValue(row, wanted.OffsetAt(position.rank + 1));
    return low + position.beyond * (high - low);
  }

  [[nodiscard]] bool AllStillThere() const {
    for (size_t i = 0; i < question_.columns.size(); i++) {
      if (!StillIn(*question_.columns[i], windows_[i])) return false;
    }
    return true;
  }

  const ColumnsQuestion& question_;
  const StatisticsRequest& request_;
  const size_t metric_;
  std::array<ColumnWindow, kMost> windows_;
  std::array<uint64_t, kMost> wanted_;
  std::array<bool, kMost> seen_;
};

template <size_t kMost>
void Ask(const ColumnsQuestion& question, WindowStatistics* statistics,
         std::span<double> percentiles) {
  PoolQuery<kMost> query(question);
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    if (query.Try(attempt, statistics, percentiles)) return;
  }
  query.GiveUp(statistics, percentiles);
}

}  // namespace

void QueryColumns(const ColumnsQuestion& question, WindowStatistics* statistics,
                  std::span<double> percentiles) {
  if (question.columns.size() == 1) {
    Ask<1>(question, statistics, percentiles);
  } else {
    Ask<kMostPooledColumns>(question, statistics, percentiles);
  }
}

}  // namespace gpuring
