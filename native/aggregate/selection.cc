#include "aggregate/selection.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>

#include "core/instruction_set.h"

namespace gpuring {
namespace {

constexpr size_t kBucketBits = 12;
constexpr size_t kBuckets = size_t{1} << kBucketBits;
// Memory that somebody else writes to meanwhile makes wrong numbers, not wrong places.
constexpr uint64_t kBucketMask = kBuckets - 1;
// So few are sorted.
constexpr size_t kFew = 512;
// A bucket with this share of all values (1 / 16) is asked whether they are equal before it is
// copied.
constexpr size_t kTiesFrom = 16;
// As many as counters count.
constexpr size_t kMostValues = UINT32_MAX;

// From values to buckets: by value, as far as that tells them apart, else by their keys.
struct Cut {
  double least;
  double scale;
  uint64_t least_key;
  int shift;
};

constexpr uint64_t kOneEach = 0x0001'0001'0001'0001;  // of four buckets in a word

// Adding it rounds to a whole number, which the lowest bits of the sum then are.
constexpr double kWhole = 0x1p52;

struct Bucket {
  const uint16_t* all;  // one for each value
  uint16_t index;
  uint32_t count;
};

// An integer that is in the same order: of negative numbers, all bits but the sign turn over.
// -0 is 0.
int64_t KeyOf(double value) {
  const auto bits = std::bit_cast<int64_t>(value + 0.0);
  return bits ^ static_cast<int64_t>(static_cast<uint64_t>(bits >> 63) >> 1);
}

double ValueOf(int64_t key) {
  return std::bit_cast<double>(key ^ static_cast<int64_t>(static_cast<uint64_t>(key >> 63) >> 1));
}

uint16_t BucketByBits(double value, const Cut& cut) {
  const uint64_t distance = static_cast<uint64_t>(KeyOf(value)) - cut.least_key;
  return static_cast<uint16_t>(distance >> cut.shift & kBucketMask);
}

uint16_t BucketByValue(double value, const Cut& cut) {
  const auto whole = std::bit_cast<uint64_t>((value - cut.least) * cut.scale + kWhole);
  return static_cast<uint16_t>(whole & kBucketMask);
}

#define GPURING_KERNEL "aggregate/selection.inc"
#include "core/each_instruction_set.inc"

constexpr void (*kFindRange[])(std::span<const double>, Range*) = GPURING_EACH(FindRange);
using FindBuckets = void (*)(std::span<const double>, const Cut&, uint16_t*);
constexpr FindBuckets kFindByBits[] = GPURING_EACH(FindByBits);
constexpr FindBuckets kFindByValue[] = GPURING_EACH(FindByValue);
constexpr void (*kGather[])(std::span<const double>, const Bucket&, double*) = GPURING_EACH(Gather);
constexpr bool (*kAreTied[])(std::span<const double>, const Bucket&,
                             double*) = GPURING_EACH(AreTied);

using Counts = std::array<uint32_t, kBuckets>;

// Two counters a bucket, taken in turns: a counter is not wanted again at once.
void CountBuckets(std::span<const uint16_t> buckets, Counts* counts) {
  Counts other = {};
  counts->fill(0);
  size_t i = 0;
  for (; i + 4 <= buckets.size(); i += 4) {
    uint64_t four;
    std::memcpy(&four, buckets.data() + i, sizeof(four));
    (*counts)[four & 0xFFFF]++;
    other[four >> 16 & 0xFFFF]++;
    (*counts)[four >> 32 & 0xFFFF]++;
    other[four >> 48]++;
  }
  for (; i < buckets.size(); i++) other[buckets[i]]++;
  for (size_t bucket = 0; bucket < kBuckets; bucket++) (*counts)[bucket] += other[bucket];
}

// The ranks that are asked of some of the values, of which `before` others are less than all.
struct Asked {
  std::span<const uint64_t> ranks;
  std::span<double> selected;
  uint64_t before = 0;
};

template <class T>
using Memory = std::unique_ptr<T[]>;

template <class T>
Memory<T> Take(size_t count) {
  return Memory<T>(new (std::nothrow) T[count]);
}

void SortFew(std::span<const double> values, const Asked& asked) {
  std::array<int64_t, kFew> keys;
  std::transform(values.begin(), values.end(), keys.begin(), KeyOf);
  std::sort(keys.begin(), keys.begin() + values.size());
  for (size_t i = 0; i < asked.ranks.size(); i++) {
    asked.selected[i] = ValueOf(keys[asked.ranks[i] - asked.before]);
  }
}

// False: values are so close together, or so far apart, that there is no such scale.
bool CutByValue(const Range& range, Cut* cut) {
  if (!(range.min < range.max)) return false;
  cut->least = range.min;
  cut->scale = (kBuckets - 1) / (range.max - range.min);
  return std::isnormal(cut->scale);
}

void CutByBits(const Range& range, Cut* cut) {
  cut->least_key = static_cast<uint64_t>(KeyOf(range.min));
  const int bits = std::bit_width(static_cast<uint64_t>(KeyOf(range.max)) - cut->least_key);
  cut->shift = std::max(0, bits - static_cast<int>(kBucketBits));
}

class Selection {
 public:
  explicit Selection(InstructionSet set) : set_(static_cast<size_t>(set)) {}

  bool First(const RankQuestion& question, std::span<double> selected) const {
    const auto values = question.values;
    const Asked asked = {question.ranks, selected};
    Cut cut;
    if (values.size() <= kFew || !CutByValue(question.range, &cut)) return Next(values, asked);
    return Divide(values, asked, [&](uint16_t* to) { kFindByValue[set_](values, cut, to); });
  }

 private:
  bool Next(std::span<const double> values, const Asked& asked) const {
    if (values.size() <= kFew) return SortFew(values, asked), true;
    Range range;
    kFindRange[set_](values, &range);
    // NaN that somebody else wrote meanwhile could not be told apart for ever.
    if (!(range.min < range.max)) return Fill(asked, range.min);
    Cut cut;
    CutByBits(range, &cut);
    return Divide(values, asked, [&](uint16_t* to) { kFindByBits[set_](values, cut, to); });
  }

  static bool Fill(const Asked& asked, double value) {
    std::fill_n(asked.selected.begin(), asked.ranks.size(), value + 0.0);
    return true;
  }

  // Goes on in each bucket that ranks fall into.
  template <class Find>
  bool Divide(std::span<const double> values, const Asked& asked, Find find) const {
    const Memory<uint16_t> buckets = Take<uint16_t>(values.size());
    if (buckets == nullptr) return false;
    find(buckets.get());
    Counts counts;
    CountBuckets({buckets.get(), values.size()}, &counts);
    uint64_t before = asked.before;
    size_t done = 0;
    for (size_t bucket = 0; done < asked.ranks.size(); before += counts[bucket++]) {
      size_t end = done;
      while (end < asked.ranks.size() && asked.ranks[end] < before + counts[bucket]) end++;
      if (end == done) continue;
      const Asked inside = {asked.ranks.subspan(done, end - done),
                            asked.selected.subspan(done, end - done), before};
      const Bucket entered = {buckets.get(), static_cast<uint16_t>(bucket), counts[bucket]};
      if (!Enter(values, entered, inside)) return false;
      done = end;
    }
    return true;
  }

  bool Enter(std::span<const double> values, const Bucket& bucket, const Asked& asked) const {
    double tied = 0;
    const bool is_full = bucket.count >= values.size() / kTiesFrom;
    if (is_full && kAreTied[set_](values, bucket, &tied)) return Fill(asked, tied);
    const Memory<double> gathered = Take<double>(bucket.count);
    if (gathered == nullptr) return false;
    kGather[set_](values, bucket, gathered.get());
    return Next({gathered.get(), bucket.count}, asked);
  }

  const size_t set_;
};

}  // namespace

bool SelectRanks(const RankQuestion& question, std::span<double> selected, InstructionSet set) {
  if (question.values.size() > kMostValues) return false;
  return Selection(set).First(question, selected);
}

}  // namespace gpuring
