// Questions to what a sampler keeps of its devices: many rows and metrics in one call.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "aggregate/query.h"
#include "aggregate/statistics.h"
#include "aggregate/window_registry.h"
#include "core/sampler.h"

// REQUIRES, everywhere: the sampler's index maker, if any, is a ColumnIndexMaker. Any thread.
namespace gpuring {

struct RowsQuestion {
  std::span<const size_t> rows;  // at most Sampler::kRows
  std::span<const MetricId> metrics;
  StatisticsRequest request{};
  bool pooled = false;  // all rows as one
};

// A record (statistics.h) for each row, or one where they are pooled, and in it for each metric; of
// what is no row, empty ones. Returns how many: none where `out` has no room for all.
[[nodiscard]] size_t AskRows(const Sampler& sampler, const RowsQuestion& question,
                             std::span<double> out);

// A slice: where it begins (Unix ms), minimum, maximum, mean, count.
inline constexpr size_t kSliceDoubles = 5;
inline constexpr size_t kMostSlices = 65'536;

// Cuts the window into out.size() / kSliceDoubles slices; returns how many have data: none where
// there is room for more than kMostSlices.
[[nodiscard]] size_t AskSeries(const Sampler& sampler, size_t row, const SeriesQuestion& question,
                               std::span<double> out);

// A window that the sampler keeps up to date. Its board says at once what the devices have by now.
// Null: the sampler keeps no columns, or there is no memory.
[[nodiscard]] std::unique_ptr<WatchedWindow> WatchWindow(const Sampler& sampler, const void* owner,
                                                         const WindowSpec& spec);
// From now on, none that was registered under the owner is kept up to date.
void UnwatchWindowsOf(const Sampler& sampler, const void* owner);

}  // namespace gpuring
