#include "distribute/assignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "distribute/few_devices.h"
#include "distribute/fleet.h"
#include "distribute/item_order.h"

namespace gpuring {
namespace {

using Numbers = AssignmentRequest::Numbers;

constexpr double kGreatest = std::numeric_limits<double>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Costs that descend are expected from so much of the greatest on.
constexpr double kNarrow = 0.8;

// A copy, which nobody changes.
class CheckedNumbers {
 public:
  // False: one is not from 0 to `most`, or there is no memory, of which one piece holds the numbers
  // and so many words of each: the system gives and takes many small ones again and again.
  [[nodiscard]] bool Copy(Numbers from, double most, size_t words = 0) {
    const size_t bytes = from.size() * (sizeof(double) + words * sizeof(uint64_t));
    memory_.reset(new (std::nothrow) std::byte[bytes]);
    if (memory_ == nullptr) return false;
    count_ = from.size();
    words_ = words * count_;
    bool good = true;
    std::array<double, 4> sums = {};  // several, so that none waits for another
    for (size_t i = 0; i < count_; i++) {
      const double number = from[i] + 0.0;  // -0 becomes 0
      good &= number >= 0 && number <= most;
      numbers()[i] = number;
      sums[i % sums.size()] += number;
    }
    sum_ = sums[0] + sums[1] + sums[2] + sums[3];
    return good;
  }
  // Of what is absent: nothing.
  [[nodiscard]] bool Copy(const std::optional<Numbers>& from, double most) {
    return !from || Copy(*from, most);
  }

  [[nodiscard]] Numbers all() const { return {numbers(), count_}; }
  [[nodiscard]] std::span<uint64_t> words() const {
    return {reinterpret_cast<uint64_t*>(numbers() + count_), words_};
  }
  [[nodiscard]] double sum() const { return sum_; }
  [[nodiscard]] double At(size_t i, double otherwise) const {
    return memory_ == nullptr ? otherwise : numbers()[i];
  }

 private:
  [[nodiscard]] double* numbers() const { return reinterpret_cast<double*>(memory_.get()); }

  std::unique_ptr<std::byte[]> memory_;
  size_t count_ = 0;
  size_t words_ = 0;
  double sum_ = 0;
};

bool HasLength(const std::optional<Numbers>& numbers, size_t length) {
  return !numbers || numbers->size() == length;
}

bool LengthsFit(const AssignmentRequest& request, std::span<const uint32_t> owners) {
  const size_t items = request.costs.size();
  const size_t devices = request.speeds.size();
  return items < kNoOwner && devices < kNoOwner && owners.size() == items &&
         HasLength(request.bytes, items) && HasLength(request.loads, devices) &&
         HasLength(request.item_limits, devices) && HasLength(request.cost_limits, devices) &&
         HasLength(request.byte_limits, devices);
}

// Those that work. False: numbers are not what they have to be.
bool ReadDevices(const AssignmentRequest& request, double costs,
                 std::vector<FleetDevice>* devices) {
  CheckedNumbers speeds;
  CheckedNumbers loads;
  CheckedNumbers item_limits;
  CheckedNumbers cost_limits;
  CheckedNumbers byte_limits;
  const bool good = speeds.Copy(request.speeds, kGreatest) &&
                    loads.Copy(request.loads, kGreatest) &&
                    item_limits.Copy(request.item_limits, kInfinity) &&
                    cost_limits.Copy(request.cost_limits, kInfinity) &&
                    byte_limits.Copy(request.byte_limits, kInfinity);
  if (!good || !std::isfinite(costs + loads.sum())) return false;
  for (size_t i = 0; i < request.speeds.size(); i++) {
    if (speeds.At(i, 0) == 0) continue;
    devices->push_back({.place = static_cast<uint32_t>(i),
                        .speed = speeds.At(i, 0),
                        .load = loads.At(i, 0),
                        .item_limit = item_limits.At(i, kInfinity),
                        .cost_limit = cost_limits.At(i, kInfinity),
                        .byte_limit = byte_limits.At(i, kInfinity)});
  }
  return true;
}

bool AreFew(const std::vector<FleetDevice>& devices) {
  return !devices.empty() && devices.size() <= kFewDevices &&
         std::none_of(devices.begin(), devices.end(), std::mem_fn(&FleetDevice::IsLimited));
}

FewDevices InRegisters(const std::vector<FleetDevice>& devices) {
  FewDevices few;
  for (const FleetDevice& device : devices) {
    few.loads[few.count] = device.load;
    few.speeds[few.count] = device.speed;
    few.places[few.count++] = device.place;
  }
  return few;
}

CostRange RangeOf(Numbers costs) {
  const auto [least, greatest] = std::minmax_element(costs.begin(), costs.end());
  return costs.empty() ? CostRange{} : CostRange{*least, *greatest};
}

uint64_t AssignToFleet(const Items& items, std::vector<FleetDevice> devices, uint32_t* owners) {
  uint64_t assigned = 0;
  Fleet fleet(std::move(devices));
  CostRange range = RangeOf(items.costs);
  if (items.order.empty()) fleet.Expect(range);
  for (size_t turn = 0; turn < items.count(); turn++) {
    const size_t item = items.PlaceOf(turn);
    const double cost = items.costs[item];
    if (!items.order.empty() && (turn == 0 || cost < range.low)) {
      range = {kNarrow * cost, cost};
      fleet.Expect(range);
    }
    owners[item] = fleet.Take(cost, items.bytes.empty() ? 0 : items.bytes[item]);
    assigned += owners[item] != kNoOwner ? 1 : 0;
  }
  return assigned;
}

}  // namespace

std::optional<uint64_t> AssignEarliest(const AssignmentRequest& request, std::span<uint32_t> owners,
                                       InstructionSet set) {
  if (!LengthsFit(request, owners)) return std::nullopt;
  CheckedNumbers costs;
  CheckedNumbers bytes;
  std::vector<FleetDevice> devices;
  const bool is_ordered = request.order == ItemOrder::kDescending;
  if (!costs.Copy(request.costs, kGreatest, is_ordered ? 2 : 0) ||
      !bytes.Copy(request.bytes, kGreatest) || !ReadDevices(request, costs.sum(), &devices)) {
    return std::nullopt;
  }
  Items items = {costs.all(), bytes.all(), {}};
  if (is_ordered) items.order = OrderDescending(items.costs, costs.words());
  if (AreFew(devices)) {
    AssignToFew(items, InRegisters(devices), set, owners.data());
    return items.count();
  }
  return AssignToFleet(items, std::move(devices), owners.data());
}

}  // namespace gpuring
