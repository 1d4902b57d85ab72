// What the machine can do: the fastest plain read of doubles, and order statistics as the C++
// standard library has them. Benchmarks measure against these.
#pragma once

#include <cstddef>
#include <span>

// Once for each kind of processor; the loader picks.
#if defined(__x86_64__)
#define GPURING_BY_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GPURING_BY_PROCESSOR
#endif

namespace gpuring {

// Their sum, of little numerical worth: the point is that every one is read.
[[nodiscard]] double ReadDoubles(std::span<const double> values);

// Writes count, minimum, maximum, mean, standard deviation and the nearest ranks of the
// percentiles. `scratch` is as long as `values`, which are left as they are.
struct PlainStatistics {
  std::span<const double> values;
  std::span<const double> percentiles;
  std::span<double> scratch;
  std::span<double> into;  // 5 and one for each percentile
};
void StatisticsByNthElement(const PlainStatistics& what);
void StatisticsBySort(const PlainStatistics& what);

}  // namespace gpuring
