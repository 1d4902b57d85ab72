// What NVML can say of each column and a board can show: a trace records nothing else, and what is
// modelled keeps within it too.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "simulator/column.h"

namespace gpuring::simulator {

// Both bounds included, in NVML's unit.
struct ColumnRange {
  int64_t least;
  int64_t most;
  std::string_view expectation;  // what a trace's cell looks like
};

// NVML's unsigned int. Its unsigned long long reaches further than the bounds below.
inline constexpr int64_t kMostOfWord = UINT32_MAX;
// Exact in a double, as clients of NVML often keep it.
inline constexpr int64_t kMostBytes = int64_t{1} << 53;

inline constexpr ColumnRange kPercentRange = {0, 100,
                                              "a percentage from 0 to 100, like 52 or 52 %"};
// In percent of what the product is meant to bear: NVML allows for more than 100.
inline constexpr ColumnRange kFanRange = {0, 1000, "a percentage from 0 to 1000, like 30 or 30 %"};
inline constexpr ColumnRange kMemoryRange = {
    0, kMostBytes, "a size from 0 to 8589934592 MiB, like 19691 or 19691 MiB"};
inline constexpr ColumnRange kTotalRange = {
    1, kMostBytes, "a size from 1 B to 8589934592 MiB, like 32768 or 32768 MiB"};
inline constexpr ColumnRange kPowerRange = {
    0, kMostOfWord, "a power from 0 to 4294967.295 W, like 46.19 or 46.19 W"};
inline constexpr ColumnRange kClockRange = {
    0, kMostOfWord, "a clock from 0 to 4294967295 MHz, like 1410 or 1410 MHz"};
inline constexpr ColumnRange kWordRange = {0, kMostOfWord, "a whole number from 0 to 4294967295"};

// By Column.
inline constexpr std::array<ColumnRange, kColumnCount> kColumnRanges = {{
    kPercentRange,
    kPercentRange,
    kTotalRange,
    kMemoryRange,
    kMemoryRange,
    kMemoryRange,
    kPowerRange,
    kPowerRange,
    kPowerRange,
    kPowerRange,
    {0, INT64_MAX, "an energy"},
    // Absolute zero; NVML's int.
    {-273, INT32_MAX, "a temperature from -273 to 2147483647, like 54"},
    // An unsigned int of NVML's.
    {0, INT32_MAX, "a temperature from 0 to 2147483647, like 54"},
    kClockRange,
    kClockRange,
    kClockRange,
    kClockRange,
    {0, 15, "a performance state P0 to P15"},
    {0, INT64_MAX, "flags up to 0x7fffffffffffffff, like 0x0000000000000001"},
    kFanRange,
    kWordRange,
    kWordRange,
    kPercentRange,
    kPercentRange,
    kPercentRange,
    kPercentRange,
}};

constexpr const ColumnRange& RangeOf(Column column) {
  return kColumnRanges[static_cast<size_t>(column)];
}

}  // namespace gpuring::simulator
