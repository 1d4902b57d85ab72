#include "aggregate/moments.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "aggregate/compensated.h"
#include "aggregate/lanes.h"
#include "aggregate/statistics.h"
#include "core/instruction_set.h"

namespace gpuring {
namespace {

constexpr size_t kBlock = 512;
using Lanes = std::array<double, kLanes>;

// Of one block, sums of distances from its pivot; min and max go on from block to block.
struct BlockSums {
  double one = 1;  // that the compiler does not know it
  double pivot;
  Lanes sum;
  Lanes squares;
  Lanes min;
  Lanes max;
};

#define GPURING_KERNEL "aggregate/moments.inc"
#include "core/each_instruction_set.inc"

constexpr void (*kAddBlock[])(std::span<const double>, BlockSums*) = GPURING_EACH(AddBlock);

// In an order that vectors of every width can keep.
double Total(const Lanes& lanes) {
  double part[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++) {
    part[i] = (lanes[i] + lanes[i + 8]) + (lanes[i + 4] + lanes[i + 12]);
  }
  return (part[0] + part[2]) + (part[1] + part[3]);
}

// One of three values: what lies far from all others is hardly ever it.
double PivotOf(std::span<const double> block) {
  const double a = block.front();
  const double b = block[block.size() / 2];
  const double c = block.back();
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

// What is known of the blocks so far.
struct Merged {
  double count = 0;
  CompensatedSum sum;
  // Less the first pivot of all, so that distances between means are exact where means are large.
  CompensatedSum distance;
  double squares = 0;  // of the distances from the mean

  void Add(double block_count, double origin, const BlockSums& block) {
    const double block_distance = Total(block.sum);
    const double block_mean = block_distance / block_count;
    const double origin_to_pivot = block.pivot - origin;
    const double between = count > 0 ? origin_to_pivot + block_mean - distance.Value() / count : 0;
    squares += std::max(Total(block.squares) - block_distance * block_mean, 0.0);
    squares += between * between * (count * block_count / (count + block_count));
    distance.AddProduct(origin_to_pivot, block_count);
    distance.Add(block_distance);
    sum.AddProduct(block.pivot, block_count);
    sum.Add(block_distance);
    count += block_count;
  }
};

Moments MomentsWithin(std::span<const double> values, InstructionSet set) {
  const double origin = PivotOf(values.first(std::min(kBlock, values.size())));
  BlockSums block;
  block.min.fill(origin);
  block.max.fill(origin);
  Merged merged;
  for (size_t at = 0; at < values.size(); at += kBlock) {
    const auto part = values.subspan(at, std::min(kBlock, values.size() - at));
    block.pivot = PivotOf(part);
    kAddBlock[static_cast<size_t>(set)](part, &block);
    merged.Add(static_cast<double>(part.size()), origin, block);
  }
  Moments result;
  result.count = values.size();
  result.min = *std::min_element(block.min.begin(), block.min.end());
  result.max = *std::max_element(block.max.begin(), block.max.end());
  result.mean = merged.sum.Value() / merged.count;
  if (std::isfinite(result.mean)) result.mean = std::clamp(result.mean, result.min, result.max);
  result.deviation = std::sqrt(merged.squares / merged.count);
  return result;
}

// Squares of distances between these neither overflow nor vanish.
constexpr double kLeastSpread = 1e-140;
constexpr double kMostMagnitude = 1e150;

// For all others: the same over distances brought near 1, without the lanes.
void Rescale(std::span<const double> values, Moments* moments) {
  const double half = moments->max / 2 - moments->min / 2;
  const int exponent = std::isfinite(half) && half > 0 ? std::ilogb(half) + 1 : 0;
  const double origin = std::scalbn(values[0], -exponent);
  const double count = static_cast<double>(values.size());
  CompensatedSum sum;
  for (const double value : values) sum.Add(std::scalbn(value, -exponent) - origin);
  const double mean = sum.Value() / count;
  CompensatedSum squares;
  for (const double value : values) {
    const double distance = std::scalbn(value, -exponent) - origin - mean;
    squares.Add(distance * distance);
  }
  moments->mean = std::scalbn(origin + mean, exponent);
  moments->deviation = std::scalbn(std::sqrt(squares.Value() / count), exponent);
}

}  // namespace

Moments MomentsOf(std::span<const double> values, InstructionSet set) {
  if (values.empty()) return {0, kAbsent, kAbsent, kAbsent, kAbsent};
  Moments result = MomentsWithin(values, set);
  const bool is_usual = std::isfinite(result.mean) && std::isfinite(result.deviation) &&
                        std::max(-result.min, result.max) <= kMostMagnitude;
  if (is_usual && result.min == result.max) {
    result.mean = result.min;
    result.deviation = 0;
  } else if (!is_usual || result.max - result.min < kLeastSpread) {
    Rescale(values, &result);
  }
  return result;
}

}  // namespace gpuring
