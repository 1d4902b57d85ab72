// Samples as the layers above want them: doubles in public units, NaN where nothing is known.
#pragma once

#include <cstdint>
#include <span>

#include "core/published_row.h"
#include "core/sampler.h"

namespace gpuring {

// A sample of a tier: sequence, start (monotonic ms), wall (Unix ms); the value of each of the
// tier's metrics; the ValueState of each.
inline constexpr size_t kPublicSampleHeader = 3;
[[nodiscard]] constexpr size_t PublicSampleDoubles(Tier tier) {
  return kPublicSampleHeader + 2 * kTierMetrics[static_cast<size_t>(tier)].size();
}

// A record of a series: sequence; wall (Unix ms) when it was measured; value; 1 if it was polled.
inline constexpr size_t kPublicSeriesDoubles = 4;

// Of each metric: value; known (monotonic ms, Unix ms); changed (monotonic ms, Unix ms); state;
// answers outside the physical range. It was never known: the value is NaN, the times are 0.
inline constexpr size_t kPublicReportDoubles = 7;

// An event: sequence; wall (Unix ms); monotonic ms; EventKind; row, kNoDevice: none; code; count.
inline constexpr size_t kPublicEventDoubles = 7;

// Copies the samples in the range that are still there, oldest first, one after another. Returns
// how many; at most out.size() / PublicSampleDoubles(range.tier). Any thread.
[[nodiscard]] uint64_t ReadPublicHistory(const Sampler& sampler, const Sampler::HistoryRange& range,
                                         std::span<double> out);

// Likewise of a series; at most out.size() / kPublicSeriesDoubles.
[[nodiscard]] uint64_t ReadPublicSeries(const Sampler& sampler, const Sampler::SeriesRange& range,
                                        std::span<double> out);

// Likewise of the events from a sequence on; at most out.size() / kPublicEventDoubles.
// REQUIRES: kRunning was seen.
[[nodiscard]] uint64_t ReadPublicEvents(const Sampler& sampler, uint64_t from_sequence,
                                        std::span<double> out);

// As Sampler::ReadReports; false as well where `out` has no room for
// kMetricCount * kPublicReportDoubles.
[[nodiscard]] bool ReadPublicReports(const Sampler& sampler, size_t row, std::span<double> out);

// Copies a row of the block, whole. False: the row was never written, the writer was in the way
// every time, there is no such row, or `words` has no room for kRowWords; `words` is void then.
// REQUIRES: kRunning was seen. Any thread.
[[nodiscard]] bool CopyRow(const Sampler& sampler, size_t row, std::span<uint64_t> words);

// A word of the block's header; 0 where there is none. REQUIRES: kRunning was seen. Any thread.
[[nodiscard]] uint64_t HeaderWord(const Sampler& sampler, size_t word);

}  // namespace gpuring
