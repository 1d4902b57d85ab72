#include "aggregate/byte_ranks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/instruction_set.h"

namespace gpuring {
namespace {

constexpr size_t kValues = 256;
using Histogram = std::array<uint64_t, kValues>;

constexpr size_t kBlockVectors = 255;  // a lane is one byte, and counts at most one a vector
constexpr size_t kMostLimits = 12;

// How many values are below each limit. Limits that are not used are 0.
struct LimitCounts {
  std::array<uint8_t, kMostLimits> limits{};
  std::array<uint64_t, kMostLimits> below{};
  size_t used = 0;
  ByteSums sums;
};

}  // namespace

#define GPURING_KERNEL "aggregate/byte_ranks.inc"
#include "core/each_instruction_set.inc"

namespace {

using CountFunction = size_t (*)(const ByteQuestion&, LimitCounts*);
// By two limits each: 1 or 2, 3 or 4, and so on.
constexpr CountFunction kCountBelow[][3] = {
    GPURING_EACH(CountBelow<2>), GPURING_EACH(CountBelow<4>),  GPURING_EACH(CountBelow<6>),
    GPURING_EACH(CountBelow<8>), GPURING_EACH(CountBelow<10>), GPURING_EACH(CountBelow<12>)};

constexpr size_t kWorthGuessing = 16'384;  // fewer are counted at once as quickly
constexpr size_t kMostLookedAt = 8192;

// Several tables, so that an increment does not wait for one of the same value before it.
Histogram CountAll(const ByteQuestion& question) {
  constexpr size_t kTables = 4;
  std::array<std::array<uint32_t, kValues>, kTables> tables{};
  Histogram histogram{};
  constexpr size_t kAtOnce = size_t{1} << 30;  // no table overflows
  for (size_t begin = 0; begin < question.values.size(); begin += kAtOnce) {
    const auto part =
        question.values.subspan(begin).first(std::min(kAtOnce, question.values.size() - begin));
    size_t i = 0;
    for (; i + kTables <= part.size(); i += kTables) {
#pragma GCC unroll 4
      for (size_t table = 0; table < kTables; table++) tables[table][part[i + table]]++;
    }
    for (; i < part.size(); i++) tables[0][part[i]]++;
    for (auto& table : tables) {
      for (size_t value = 0; value < kValues; value++) {
        histogram[value ^ question.flip] += table[value];
      }
      table.fill(0);
    }
  }
  return histogram;
}

ByteSums SumsOf(const Histogram& histogram) {
  ByteSums sums;
  for (size_t value = 0; value < kValues; value++) {
    if (histogram[value] == 0) continue;
    sums.sum += histogram[value] * value;
    sums.squares += histogram[value] * value * value;
    sums.min = std::min(sums.min, static_cast<uint8_t>(value));
    sums.max = static_cast<uint8_t>(value);
  }
  return sums;
}

uint8_t ValueAt(const Histogram& histogram, uint64_t rank) {
  uint64_t seen = 0;
  for (size_t value = 0; value < kValues; value++) {
    seen += histogram[value];
    if (seen > rank) return static_cast<uint8_t>(value);
  }
  return kValues - 1;
}

// One value of each stride, here and there in it, lest the values have a rhythm.
Histogram LookAtSome(const ByteQuestion& question, size_t count) {
  Histogram histogram{};
  const size_t stride = question.values.size() / count;
  for (size_t i = 0; i < count; i++) {
    const size_t place = i * stride + i * 40'503 % 16;
    histogram[question.values[place] ^ question.flip]++;
  }
  return histogram;
}

class Search {
 public:
  Search(const ByteQuestion& question, InstructionSet set) : question_(question), set_(set) {}

  // Values that are likely of the ranks, from a look at some.
  void Guess() {
    const size_t count = std::min(question_.values.size() / 16, kMostLookedAt);
    const Histogram some = LookAtSome(question_, count);
    for (const uint64_t rank : question_.ranks) {
      const double part = static_cast<double>(rank) / static_cast<double>(question_.values.size());
      const double place = part * static_cast<double>(count);
      // Its standard deviation: more limits cost more than a second pass now and then.
      const double doubt = 1 + std::sqrt(place * (1 - part));
      Want({ValueAt(some, static_cast<uint64_t>(std::max(0.0, place - doubt))),
            ValueAt(some, static_cast<uint64_t>(place + doubt)) + size_t{1}});
    }
  }
  // Values next to those that were wanted for ranks in vain.
  void GuessOn() {
    constexpr size_t kFurther = 3;
    const LimitCounts counts = std::exchange(counts_, {});
    for (const uint64_t rank : question_.ranks) {
      const auto [low, high] = Around(counts, rank);
      if (low > 0) Want({low, std::min(low + kFurther, high)});
      if (high < kValues) Want({high - std::min(kFurther, high - low), high});
    }
  }
  // Counts. False: more is wanted than can be counted at once.
  bool Count() {
    size_t used = 0;
    for (size_t value = 1; value < kValues; value++) {  // none is below 0, all are below 256
      if (!wanted_[value]) continue;
      if (used == kMostLimits) return false;
      counts_.limits[used++] = static_cast<uint8_t>(value);
    }
    counts_.used = used;
    const size_t two = std::max<size_t>(used, 1) - 1;
    const auto count = kCountBelow[two / 2][static_cast<size_t>(set_)];
    CountRest(count(question_, &counts_));
    wanted_ = {};
    return true;
  }
  // False: a rank is not known yet.
  bool Tell(std::span<uint8_t> selected) const {
    bool known = true;
    for (size_t i = 0; i < selected.size(); i++) {
      const auto [low, high] = Around(counts_, question_.ranks[i]);
      selected[i] = static_cast<uint8_t>(low);
      known = known && high - low == 1;
    }
    return known;
  }
  [[nodiscard]] const ByteSums& sums() const { return counts_.sums; }

 private:
  struct Values {
    size_t first;
    size_t last;
  };

  void Want(Values values) {
    for (size_t value = values.first; value <= values.last; value++) wanted_[value] = true;
  }
  // The rank's value is at least `first` and below `last`.
  static Values Around(const LimitCounts& counts, uint64_t rank) {
    size_t above = 0;
    while (above < counts.used && counts.below[above] <= rank) above++;
    return {above == 0 ? size_t{0} : counts.limits[above - 1],
            above == counts.used ? kValues : counts.limits[above]};
  }
  // What is left over by vectors.
  void CountRest(size_t done) {
    for (const uint8_t value : question_.values.subspan(done)) {
      const uint8_t flipped = value ^ question_.flip;
      counts_.sums.sum += flipped;
      counts_.sums.squares += uint64_t{flipped} * flipped;
      counts_.sums.min = std::min(counts_.sums.min, flipped);
      counts_.sums.max = std::max(counts_.sums.max, flipped);
      for (size_t i = 0; i < counts_.used; i++) counts_.below[i] += flipped < counts_.limits[i];
    }
  }

  const ByteQuestion& question_;
  const InstructionSet set_;
  std::array<bool, kValues + 1> wanted_{};
  LimitCounts counts_;
};

}  // namespace

ByteSums SelectBytes(const ByteQuestion& question, std::span<uint8_t> selected,
                     InstructionSet set) {
  if (question.values.size() >= kWorthGuessing) {
    Search search(question, set);
    search.Guess();
    bool counted = search.Count();
    if (counted && search.Tell(selected)) return search.sums();
    if (counted) {
      search.GuessOn();
      counted = search.Count();
    }
    if (counted && search.Tell(selected)) return search.sums();
  }
  const Histogram histogram = CountAll(question);
  for (size_t i = 0; i < question.ranks.size(); i++) {
    selected[i] = ValueAt(histogram, question.ranks[i]);
  }
  return SumsOf(histogram);
}

}  // namespace gpuring
