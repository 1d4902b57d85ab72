#include "aggregate/summary.h"

#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "aggregate/byte_ranks.h"
#include "aggregate/histogram.h"
#include "core/instruction_set.h"

namespace gpuring {
namespace {

// Counters for values that are so few, or fewer, apart, come in fours and are taken in turns: one
// is not wanted again at once, and all stay in the innermost cache.
constexpr size_t kFewBins = 1024;
constexpr size_t kMostBins = 65536;

#define GPURING_KERNEL "aggregate/summary.inc"
#include "core/each_instruction_set.inc"

template <class T>
using Memory = std::unique_ptr<T[]>;

template <class T>
Memory<T> Take(size_t count) {
  return Memory<T>(new (std::nothrow) T[count]());
}

void WriteMoments(const Moments& moments, std::span<double> out) {
  const double values[kSummaryDoubles] = {static_cast<double>(moments.count), moments.min,
                                          moments.max, moments.mean, moments.deviation};
  std::copy(std::begin(values), std::end(values), out.begin());
}

bool SummarizeDoubles(std::span<const double> values, const Moments& moments,
                      const PercentileRequest& request, std::span<double> out) {
  WriteMoments(moments, out);
  return PercentilesOf(values, moments, request, out.subspan(kSummaryDoubles));
}

// As doubles, without NaN.
template <class T>
bool SummarizeCopy(std::span<const T> values, const PercentileRequest& request,
                   std::span<double> out) {
  const Memory<double> copy(new (std::nothrow) double[values.size()]);
  if (copy == nullptr) return false;
  size_t count = 0;
  for (const T value : values) {
    const auto number = static_cast<double>(value);
    copy[count] = number;
    count += number == number;
  }
  const std::span<const double> numbers(copy.get(), count);
  return SummarizeDoubles(numbers, MomentsOf(numbers), request, out);
}

// Counts four values in turn; a value outside is counted as another one.
template <class T>
void Count(std::span<const T> values, T least, std::span<std::array<uint32_t, kFewBins>, 4> bins) {
  const auto bin = [least](T value) {
    return static_cast<size_t>(static_cast<uint64_t>(value) - static_cast<uint64_t>(least)) %
           kFewBins;
  };
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    bins[0][bin(values[i])]++;
    bins[1][bin(values[i + 1])]++;
    bins[2][bin(values[i + 2])]++;
    bins[3][bin(values[i + 3])]++;
  }
  for (; i < values.size(); i++) bins[0][bin(values[i])]++;
}

bool WriteHistogram(Histogram histogram, const PercentileRequest& request, std::span<double> out) {
  const Moments moments = MomentsOf(histogram);
  WriteMoments(moments, out);
  PercentilesOf(moments, request, &histogram, out.subspan(kSummaryDoubles));
  return true;
}

template <class T>
bool SummarizeFew(std::span<const T> values, T least, const PercentileRequest& request,
                  std::span<double> out) {
  std::array<std::array<uint32_t, kFewBins>, 4> bins = {};
  Count<T>(values, least, bins);
  std::array<uint64_t, kFewBins> counts;
  for (size_t i = 0; i < kFewBins; i++) {
    counts[i] = uint64_t{bins[0][i]} + bins[1][i] + bins[2][i] + bins[3][i];
  }
  return WriteHistogram({static_cast<int64_t>(least), counts}, request, out);
}

template <class T>
bool SummarizeMany(std::span<const T> values, T least, const PercentileRequest& request,
                   std::span<double> out) {
  const Memory<uint64_t> counts = Take<uint64_t>(kMostBins);
  if (counts == nullptr) return false;
  for (const T value : values) {
    counts[(static_cast<uint64_t>(value) - static_cast<uint64_t>(least)) % kMostBins]++;
  }
  return WriteHistogram({static_cast<int64_t>(least), {counts.get(), kMostBins}}, request, out);
}

// Of bytes in the order that `flip` gives them; what was the least of all is `least`.
bool SummarizeBytes(std::span<const uint8_t> values, uint8_t flip, const PercentileRequest& request,
                    std::span<double> out) {
  PercentileRanks ranks(request, values.size());
  std::array<uint8_t, PercentileRanks::kMost> selected;
  const ByteSums sums =
      SelectBytes({values, flip, ranks.wanted()}, std::span(selected).first(ranks.wanted().size()));
  const double least = flip == 0 ? 0 : std::numeric_limits<int8_t>::min();
  const auto count = static_cast<double>(values.size());
  const auto spread = static_cast<unsigned __int128>(sums.squares) * values.size() -
                      static_cast<unsigned __int128>(sums.sum) * sums.sum;
  const auto total =
      static_cast<double>(static_cast<int64_t>(sums.sum) +
                          static_cast<int64_t>(least) * static_cast<int64_t>(values.size()));
  WriteMoments({values.size(), total / count, std::sqrt(static_cast<double>(spread)) / count,
                least + sums.min, least + sums.max},
               out);
  ranks.Write(out.subspan(kSummaryDoubles), [&](size_t i) { return least + selected[i]; });
  return true;
}

template <class T>
using RangeFinder = void (*)(std::span<const T>, T*, T*);
template <class T>
constexpr RangeFinder<T> kFindRange[] = GPURING_EACH(FindRange<T>);

template <class T>
bool SummarizeIntegers(std::span<const T> values, const PercentileRequest& request,
                       std::span<double> out) {
  if (values.size() > UINT32_MAX || values.empty()) return SummarizeCopy(values, request, out);
  T least;
  T most;
  kFindRange<T>[static_cast<size_t>(BestInstructionSet())](values, &least, &most);
  const uint64_t apart = static_cast<uint64_t>(most) - static_cast<uint64_t>(least);
  if (apart < kFewBins) return SummarizeFew(values, least, request, out);
  // Clearing and reading the counters is worth it only for so many.
  if (apart >= kMostBins || values.size() < kMostBins / 4) {
    return SummarizeCopy(values, request, out);
  }
  return SummarizeMany(values, least, request, out);
}

}  // namespace

bool Summarize(std::span<const double> values, const PercentileRequest& request,
               std::span<double> out) {
  const Moments moments = MomentsOf(values);
  if (!std::isfinite(moments.mean)) return SummarizeCopy(values, request, out);
  return SummarizeDoubles(values, moments, request, out);
}

bool Summarize(std::span<const float> values, const PercentileRequest& request,
               std::span<double> out) {
  return SummarizeCopy(values, request, out);
}

bool Summarize(std::span<const uint8_t> values, const PercentileRequest& request,
               std::span<double> out) {
  if (values.empty()) return SummarizeCopy(values, request, out);
  return SummarizeBytes(values, 0, request, out);
}

bool Summarize(std::span<const int8_t> values, const PercentileRequest& request,
               std::span<double> out) {
  if (values.empty()) return SummarizeCopy(values, request, out);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(values.data());
  return SummarizeBytes({bytes, values.size()}, 0x80, request, out);
}

#define GPURING_SUMMARIZE(type)                                                  \
  bool Summarize(std::span<const type> values, const PercentileRequest& request, \
                 std::span<double> out) {                                        \
    return SummarizeIntegers(values, request, out);                              \
  }
GPURING_SUMMARIZE(uint16_t)
GPURING_SUMMARIZE(int16_t)
GPURING_SUMMARIZE(uint32_t)
GPURING_SUMMARIZE(int32_t)
#undef GPURING_SUMMARIZE

}  // namespace gpuring
