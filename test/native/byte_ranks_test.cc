// Bytes on every instruction set that is here, against sorting.
#include "aggregate/byte_ranks.h"

#include <algorithm>
#include <random>

#include "check.h"

namespace gpuring {
namespace {

using Bytes = std::vector<uint8_t>;

struct Shape {
  const char* name;
  uint8_t (*make)(std::mt19937& random, size_t place);
};
const Shape kShapes[] = {
    {"percent", [](std::mt19937& random, size_t) { return static_cast<uint8_t>(random() % 101); }},
    {"any byte", [](std::mt19937& random, size_t) { return static_cast<uint8_t>(random()); }},
    {"one value", [](std::mt19937&, size_t) { return uint8_t{7}; }},
    {"greatest", [](std::mt19937&, size_t) { return uint8_t{255}; }},
    {"both ends",
     [](std::mt19937& random, size_t) { return random() % 100 == 0 ? uint8_t{255} : uint8_t{0}; }},
    {"rising", [](std::mt19937&, size_t place) { return static_cast<uint8_t>(place / 1000); }},
    // What is looked at first sees little but the rare ones.
    {"a rhythm",
     [](std::mt19937&, size_t place) { return place % 16 == 0 ? uint8_t{9} : uint8_t{90}; }},
    {"shifting",
     [](std::mt19937& random, size_t place) {
       return static_cast<uint8_t>(place / 5000 % 5 * 40 + random() % 8);
     }},
};
constexpr size_t kCounts[] = {1, 2, 63, 64, 65, 16'383, 16'384, 16'385, 70'001, 200'000};

void Compare(const ByteQuestion& question, const Bytes& sorted, InstructionSet set) {
  Bytes selected(question.ranks.size());
  const ByteSums sums = SelectBytes(question, selected, set);
  ByteSums expected;
  for (const uint8_t value : sorted) {
    expected.sum += value;
    expected.squares += uint64_t{value} * value;
  }
  CHECK_EQ(sums.sum, expected.sum);
  CHECK_EQ(sums.squares, expected.squares);
  CHECK_EQ(int{sums.min}, int{sorted.front()});
  CHECK_EQ(int{sums.max}, int{sorted.back()});
  for (size_t i = 0; i < selected.size(); i++) {
    CHECK_EQ(int{selected[i]}, int{sorted[question.ranks[i]]});
  }
}

std::vector<uint64_t> RanksOf(std::mt19937& random, size_t most, size_t count) {
  std::vector<uint64_t> ranks = {0, count - 1, count / 2, count * 95 / 100, count * 99 / 100};
  while (ranks.size() < most) ranks.push_back(random() % count);
  ranks.resize(most);
  return ranks;
}

TEST("bytes: sums, extremes and ranks are those of the sorted values") {
  std::mt19937 random(1);
  for (const Shape& shape : kShapes) {
    for (const size_t count : kCounts) {
      Bytes values(count);
      for (size_t i = 0; i < count; i++) values[i] = shape.make(random, i);
      for (const uint8_t flip : {uint8_t{0}, uint8_t{0x80}}) {
        Bytes sorted = values;
        for (uint8_t& value : sorted) value ^= flip;
        std::sort(sorted.begin(), sorted.end());
        for (const size_t most : {0, 1, 3, 6, 32}) {
          const std::vector<uint64_t> ranks = RanksOf(random, most, count);
          for (size_t set = 0; set < kInstructionSetNames.size(); set++) {
            if (!HasInstructionSet(static_cast<InstructionSet>(set))) continue;
            Compare({values, flip, ranks}, sorted, static_cast<InstructionSet>(set));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace gpuring
