// Every assignment against looking at every device for every item, on every instruction set here.
#include "distribute/assignment.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>

#include "check.h"
#include "distribute/item_order.h"
#include "instruction_sets.h"

namespace gpuring {
namespace {

using Values = std::vector<double>;
using Random = std::mt19937_64;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Case {
  Values costs = {};
  Values bytes = {};
  Values speeds = {};
  Values loads = {};
  Values item_limits = {};
  Values cost_limits = {};
  Values byte_limits = {};
  ItemOrder order = ItemOrder::kDescending;

  // What is empty is absent.
  [[nodiscard]] AssignmentRequest Request() const {
    const auto list = [](const Values& values) {
      using Numbers = AssignmentRequest::Numbers;
      return values.empty() ? std::nullopt : std::optional<Numbers>(values);
    };
    return {.costs = costs,
            .bytes = list(bytes),
            .speeds = speeds,
            .loads = list(loads),
            .item_limits = list(item_limits),
            .cost_limits = list(cost_limits),
            .byte_limits = list(byte_limits),
            .order = order};
  }
};

double At(const Values& values, size_t i, double otherwise) {
  return values.empty() ? otherwise : values[i];
}

std::vector<uint32_t> PlacesInOrder(const Values& costs, ItemOrder order) {
  std::vector<uint32_t> places(costs.size());
  std::iota(places.begin(), places.end(), 0);
  if (order == ItemOrder::kDescending) {
    std::stable_sort(places.begin(), places.end(),
                     [&](uint32_t a, uint32_t b) { return costs[a] > costs[b]; });
  }
  return places;
}

std::vector<uint32_t> LookAtAll(const Case& given) {
  struct Taken {
    double items = 0;
    double cost = 0;
    double bytes = 0;
  };
  std::vector<uint32_t> owners(given.costs.size(), kNoOwner);
  std::vector<Taken> taken(given.speeds.size());
  Values loads = given.loads.empty() ? Values(given.speeds.size()) : given.loads;
  for (const uint32_t item : PlacesInOrder(given.costs, given.order)) {
    const double cost = given.costs[item];
    const double bytes = At(given.bytes, item, 0);
    double earliest = 0;
    uint32_t& owner = owners[item];
    for (uint32_t device = 0; device < given.speeds.size(); device++) {
      const Taken& has = taken[device];
      if (given.speeds[device] == 0) continue;
      if (has.items + 1 > At(given.item_limits, device, kInfinity)) continue;
      if (has.cost + cost > At(given.cost_limits, device, kInfinity)) continue;
      if (has.bytes + bytes > At(given.byte_limits, device, kInfinity)) continue;
      const double finish = (loads[device] + cost) / given.speeds[device];
      if (owner != kNoOwner && finish >= earliest) continue;
      owner = device;
      earliest = finish;
    }
    if (owner == kNoOwner) continue;
    taken[owner].items += 1;
    taken[owner].cost += cost;
    taken[owner].bytes += bytes;
    loads[owner] += cost;
  }
  return owners;
}

double Unit(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

using Shape = std::function<double(Random&)>;

const std::vector<Shape>& Shapes() {
  static const std::vector<Shape> shapes = {
      [](Random& random) { return 1 + 100 * Unit(random); },
      [](Random&) { return 1.0; },
      [](Random&) { return 0.1; },
      [](Random& random) { return static_cast<double>(1 + random() % 3); },
      [](Random& random) { return static_cast<double>(1 + random() % 1000); },
      [](Random& random) { return random() % 4 == 0 ? 0.0 : Unit(random); },
      [](Random& random) { return random() % 2 == 0 ? 0.0 : -0.0; },
      [](Random& random) { return -std::log(1 - Unit(random)); },
      [](Random& random) { return std::exp(400 * Unit(random) - 200); },
      // One far above others that are close together.
      [](Random& random) { return random() % 50 == 0 ? 1e12 : 1 + 1e-9 * Unit(random); },
      [](Random& random) { return 1e300 * Unit(random); },
      [](Random& random) { return std::numeric_limits<double>::min() * 2 * Unit(random); },
      [](Random& random) { return std::numeric_limits<double>::denorm_min() * (random() % 9); },
  };
  return shapes;
}

Values Numbers(Random& random, size_t count) {
  const Shape& shape = Shapes()[random() % Shapes().size()];
  Values values(count);
  for (double& value : values) value = shape(random);
  return values;
}

Values Limits(Random& random, size_t count, double fair_share) {
  Values limits(count);
  for (double& limit : limits) {
    const uint64_t kind = random() % 8;
    limit = kind == 0 ? 0 : kind == 1 ? kInfinity : 2 * fair_share * Unit(random);
  }
  return limits;
}

Case RandomCase(Random& random, size_t items, size_t devices) {
  Case given;
  given.costs = Numbers(random, items);
  given.speeds = Numbers(random, devices);
  given.order = random() % 2 == 0 ? ItemOrder::kGiven : ItemOrder::kDescending;
  if (random() % 2 == 0) given.loads = Numbers(random, devices);
  if (random() % 3 == 0) given.bytes = Numbers(random, items);
  if (random() % 2 == 0) return given;
  const auto share = [&](const Values& values) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return sum / static_cast<double>(std::max<size_t>(devices, 1));
  };
  const Values ones(items, 1);
  if (random() % 2 == 0) given.item_limits = Limits(random, devices, share(ones));
  if (random() % 2 == 0) given.cost_limits = Limits(random, devices, share(given.costs));
  if (random() % 2 == 0) given.byte_limits = Limits(random, devices, share(given.bytes));
  return given;
}

void Compare(const Case& given, const std::vector<InstructionSet>& sets) {
  const std::vector<uint32_t> expected = LookAtAll(given);
  const auto unowned = std::count(expected.begin(), expected.end(), kNoOwner);
  for (const InstructionSet set : sets) {
    std::vector<uint32_t> owners(given.costs.size(), 12345);
    const auto assigned = AssignEarliest(given.Request(), owners, set);
    CHECK(assigned.has_value());
    CHECK_EQ(assigned.value_or(0), given.costs.size() - static_cast<size_t>(unowned));
    CHECK(owners == expected);
  }
}

TEST("items go where a look at every device sends them: few devices") {
  const auto sets = SetsHere();
  Random random(1);
  for (size_t round = 0; round < 20'000; round++) {
    Compare(RandomCase(random, random() % 60, random() % 12), sets);
  }
  for (size_t round = 0; round < 2'000; round++) {
    Compare(RandomCase(random, random() % 700, 1 + random() % 64), sets);
  }
}

TEST("items go where a look at every device sends them: many devices") {
  const std::vector<InstructionSet> sets = {BestInstructionSet()};
  Random random(2);
  for (size_t round = 0; round < 600; round++) {
    Compare(RandomCase(random, random() % 1500, 65 + random() % 400), sets);
  }
  Compare(RandomCase(random, 3000, 5000), sets);
}

TEST("a limit is reached where the rounded sum is, whatever the rounded room says") {
  const Case given = {.costs = {0.9, 0.1}, .speeds = {1}, .cost_limits = {1}};
  CHECK(1 - 0.9 < 0.1 && 0.9 + 0.1 <= 1);
  Compare(given, {BestInstructionSet()});
}

TEST("costs are put in order, equal ones as they were") {
  Random random(3);
  for (const size_t count : {0, 1, 2, 511, 512, 5000, 300'000}) {
    for (size_t shape = 0; shape < Shapes().size(); shape++) {
      Values costs(count);
      for (double& cost : costs) cost = Shapes()[shape](random) + 0.0;
      std::vector<uint64_t> memory(2 * count);
      const auto order = OrderDescending(costs, memory);
      const auto expected = PlacesInOrder(costs, ItemOrder::kDescending);
      CHECK(std::equal(
          order.begin(), order.end(), expected.begin(), expected.end(),
          [](uint64_t word, uint32_t place) { return static_cast<uint32_t>(word) == place; }));
    }
  }
}

TEST("what cannot be assigned by is refused, and nothing is written") {
  const Case good = {.costs = {3, 1},
                     .bytes = {1, 1},
                     .speeds = {1, 2, 1},
                     .loads = {0, 0, 0},
                     .item_limits = {1, 1, 1},
                     .cost_limits = {9, 9, kInfinity},
                     .byte_limits = {9, 9, 9}};
  const std::vector<Values Case::*> finite = {&Case::costs, &Case::bytes, &Case::speeds,
                                              &Case::loads};
  const std::vector<Values Case::*> limits = {&Case::item_limits, &Case::cost_limits,
                                              &Case::byte_limits};
  const auto refuses = [](const Case& given) {
    std::vector<uint32_t> owners = {7, 7};
    return !AssignEarliest(given.Request(), owners) && owners == std::vector<uint32_t>{7, 7};
  };
  CHECK(!refuses(good));
  for (const auto& members : {finite, limits}) {
    for (const auto member : members) {
      for (const double bad : {-1.0, -5e-324, kInfinity, -kInfinity, std::nan("")}) {
        if (bad == kInfinity && members == limits) continue;
        Case given = good;
        (given.*member)[1] = bad;
        CHECK(refuses(given));
      }
      Case given = good;
      (given.*member).push_back(1);
      CHECK(refuses(given));
    }
  }
  Case given = good;
  given.costs[0] = given.loads[2] = 1e308;
  CHECK(refuses(given));
}

}  // namespace
}  // namespace gpuring
