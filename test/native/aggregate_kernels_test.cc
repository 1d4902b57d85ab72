// The kernels on every instruction set that is here, against each other and against plain loops.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>

#include "aggregate/moments.h"
#include "aggregate/selection.h"
#include "check.h"
#include "instruction_sets.h"

namespace gpuring {
namespace {

using Values = std::vector<double>;

struct Shape {
  const char* name;
  std::function<double(std::mt19937_64&, size_t)> make;
};

double Unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

const std::vector<Shape>& Shapes() {
  using Random = std::mt19937_64;
  static const std::vector<Shape> shapes = {
      {"uniform", [](Random& random, size_t) { return Unit(random); }},
      {"negative too", [](Random& random, size_t) { return 200 * Unit(random) - 100; }},
      {"whole", [](Random& random, size_t) { return static_cast<double>(random() % 101); }},
      {"two values", [](Random& random, size_t) { return random() % 3 == 0 ? 0.1 : 350.0; }},
      {"all equal", [](Random&, size_t) { return 0.1; }},
      {"zeros of both signs", [](Random& random, size_t) { return random() % 2 ? 0.0 : -0.0; }},
      {"sorted", [](Random&, size_t i) { return 0.25 * static_cast<double>(i); }},
      {"reversed", [](Random&, size_t i) { return -0.25 * static_cast<double>(i); }},
      {"far away, close together",
       [](Random& random, size_t) { return 1e9 + 1e-3 * Unit(random); }},
      {"an outlier first",
       [](Random& random, size_t i) { return i == 0 ? 0 : 1e9 + Unit(random); }},
      {"one far out", [](Random& random, size_t i) { return i == 700 ? 1e12 : Unit(random); }},
      {"all magnitudes",
       [](Random& random, size_t) { return std::exp(1300 * Unit(random) - 650); }},
      {"both ends", [](Random& random, size_t) { return random() % 2 ? 1.7e308 : -1.7e308; }},
      {"zeros of both signs below all magnitudes",
       [](Random& random, size_t) {
         const double zero = random() % 2 ? 0.0 : -0.0;
         return random() % 2 ? zero : std::exp(1300 * Unit(random) - 650);
       }},
      {"denormal",
       [](Random& random, size_t) { return 5e-324 * static_cast<double>(random() % 99); }},
      {"tiny", [](Random& random, size_t) { return 1e-200 * Unit(random); }},
  };
  return shapes;
}

constexpr size_t kSizes[] = {1, 2, 3, 15, 16, 17, 511, 512, 513, 1024, 1500, 4097, 30000};

// Calls check(values, where) for each shape in each size.
template <class Check>
void ForAllValues(Check check) {
  std::mt19937_64 random(20240607);
  for (const Shape& shape : Shapes()) {
    for (const size_t size : kSizes) {
      Values values(size);
      for (size_t i = 0; i < size; i++) values[i] = shape.make(random, i);
      check(values, std::string(shape.name) + ", " + std::to_string(size));
    }
  }
}

struct Exact {
  long double mean;
  long double deviation;
};

// In 64 bits of precision and 15 of exponent, two passes.
Exact MomentsInLongDouble(const Values& values) {
  const auto count = static_cast<long double>(values.size());
  const long double origin = values[0];
  long double sum = 0;
  for (const double value : values) sum += value - origin;
  long double squares = 0;
  for (const double value : values) {
    const long double distance = value - origin - sum / count;
    squares += distance * distance;
  }
  return {origin + sum / count, std::sqrt(squares / count)};
}

bool IsNear(double actual, long double expected, long double bound) {
  // The least double of all cannot be come closer to than half of it.
  return std::abs(actual - expected) <= bound + 5e-324L;
}

TEST("moments are those of a plain loop in long double, within the stated bounds") {
  const auto sets = SetsHere();
  ForAllValues([&](const Values& values, const std::string& where) {
    const Exact exact = MomentsInLongDouble(values);
    long double magnitude = 0;
    for (const double value : values) magnitude += std::abs(static_cast<long double>(value));
    magnitude /= static_cast<long double>(values.size());
    for (const InstructionSet set : sets) {
      const Moments moments = MomentsOf(values, set);
      const bool holds = moments.count == values.size() &&
                         moments.min == *std::min_element(values.begin(), values.end()) &&
                         moments.max == *std::max_element(values.begin(), values.end()) &&
                         IsNear(moments.mean, exact.mean, 2e-12L * magnitude) &&
                         IsNear(moments.deviation, exact.deviation, 4e-12L * exact.deviation);
      CHECK_EQ(holds ? "" : where, "");
    }
  });
}

TEST("moments are equal to the last bit on every instruction set") {
  const auto sets = SetsHere();
  ForAllValues([&](const Values& values, const std::string& where) {
    const Moments one = MomentsOf(values, InstructionSet::kPortable);
    for (const InstructionSet set : sets) {
      const Moments other = MomentsOf(values, set);
      CHECK_EQ(std::memcmp(&one, &other, sizeof(one)) == 0 ? "" : where, "");
    }
  });
}

TEST("moments of whole numbers have the mean of their exact sum") {
  std::mt19937_64 random(7);
  Values values(100'001);
  int64_t sum = 0;
  for (double& value : values) {
    const auto whole = static_cast<int64_t>(random() % 2'000'000'000'000) - 1'000'000'000;
    sum += whole;
    value = static_cast<double>(whole);
  }
  const double expected = static_cast<double>(sum) / static_cast<double>(values.size());
  for (const InstructionSet set : SetsHere()) CHECK_EQ(MomentsOf(values, set).mean, expected);
}

TEST("moments do not lose small values beside a large one") {
  Values values(3'000'000, 1e-3);
  values[0] = 1e12;  // alone it would swallow each of the others: they are below half its step
  const long double expected = (1e12L + 2'999'999 * static_cast<long double>(1e-3)) / 3'000'000;
  for (const InstructionSet set : SetsHere()) {
    CHECK(IsNear(MomentsOf(values, set).mean, expected, 1e-15L * expected));
  }
}

TEST("moments of nothing, and of what is not finite") {
  for (const InstructionSet set : SetsHere()) {
    CHECK_EQ(MomentsOf({}, set).count, 0u);
    CHECK(std::isnan(MomentsOf({}, set).mean));
    for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
      for (const size_t place : {0, 1, 600}) {
        Values values(700, 5.0);
        values[place] = bad;
        CHECK(!std::isfinite(MomentsOf(values, set).mean));
      }
    }
  }
}

TEST("selected values are exactly those that sorting puts there") {
  const auto sets = SetsHere();
  ForAllValues([&](const Values& values, const std::string& where) {
    Values sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const size_t last = values.size() - 1;
    std::vector<uint64_t> ranks = {0,   0, last / 4, last / 2, last * 95 / 100, last * 99 / 100,
                                   last};
    for (const InstructionSet set : sets) {
      Values selected(ranks.size(), -1);
      const RankQuestion question = {values, {sorted.front(), sorted.back()}, ranks};
      CHECK(SelectRanks(question, selected, set));
      for (size_t i = 0; i < ranks.size(); i++) {
        CHECK_EQ(selected[i] == sorted[ranks[i]] ? "" : where, "");
        CHECK_EQ(selected[i] == 0 && std::signbit(selected[i]) ? where : "", "");
      }
    }
  });
}

TEST("selected values of every rank, and of none") {
  std::mt19937_64 random(3);
  Values values(5000);
  for (double& value : values) value = std::floor(Unit(random) * 700) / 7;
  Values sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<uint64_t> ranks(values.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  for (const InstructionSet set : SetsHere()) {
    Values selected(values.size());
    CHECK(SelectRanks({values, {sorted.front(), sorted.back()}, ranks}, selected, set));
    CHECK(selected == sorted);
    CHECK(SelectRanks({values, {sorted.front(), sorted.back()}, {}}, {}, set));
  }
}

TEST("selection stays in its memory whatever the values and the range given are") {
  std::mt19937_64 random(11);
  Values values(20'000);
  for (double& value : values) {
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
  }
  const std::vector<uint64_t> ranks = {0, 10'000, 19'999};
  for (const InstructionSet set : SetsHere()) {
    Values selected(3);
    CHECK(SelectRanks({values, {0, 1}, ranks}, selected, set));
    CHECK(SelectRanks({values, {std::nan(""), 1}, ranks}, selected, set));
  }
  // As another thread may make them meanwhile: nothing tells these apart.
  std::fill(values.begin(), values.end(), std::nan(""));
  for (const InstructionSet set : SetsHere()) {
    Values selected(3);
    CHECK(SelectRanks({values, {0, 1}, ranks}, selected, set));
  }
}

}  // namespace
}  // namespace gpuring
