#include "distribute/fleet.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace gpuring {
namespace {

constexpr double kGreatest = std::numeric_limits<double>::max();
constexpr size_t kLeastBlock = 16;
// Makes up for 32 roundings, which are fewer, of a bound and of what it is a bound of.
constexpr double kShrink = 1 - 0x1p-48;
// Below that, roundings are no longer relative to their numbers; 0 is a bound as well.
constexpr double kTiny = 1e-290;

bool Fits(const FleetDevice& device, double cost, double bytes) {
  return device.items + 1 <= device.item_limit && device.cost + cost <= device.cost_limit &&
         device.bytes + bytes <= device.byte_limit;
}

// What still fits is at most that: the sum that is compared with the limit is rounded.
double RoomBelow(double limit, double taken) {
  return std::isinf(limit) ? limit : limit - taken + limit * 0x1p-52;
}

bool IsFaster(const FleetDevice& a, const FleetDevice& b) {
  return a.speed != b.speed ? a.speed > b.speed : a.place < b.place;
}

}  // namespace

Fleet::Fleet(std::vector<FleetDevice> devices) : devices_(std::move(devices)) {
  std::sort(devices_.begin(), devices_.end(), IsFaster);
  for (FleetDevice& device : devices_) {
    is_limited_ |= device.IsLimited();
    device.time = device.load / device.speed;
    const double pace = 1 / device.speed;
    device.pace = std::isnormal(pace) ? pace : 0;
  }
  const auto root = static_cast<size_t>(std::sqrt(static_cast<double>(devices_.size())));
  const size_t step = std::max(kLeastBlock, root);
  for (size_t begin = 0; begin < devices_.size(); begin += step) {
    AddBlock(begin, std::min(begin + step, devices_.size()));
  }
  bounds_.resize(blocks_.size());
}

void Fleet::AddBlock(size_t begin, size_t end) {
  Block block = {.begin = begin, .end = end, .first_place = UINT32_MAX};
  for (size_t i = begin; i < end; i++) {
    block.first_place = std::min(block.first_place, devices_[i].place);
  }
  block.speed = devices_[begin].speed;
  blocks_.push_back(block);
}

void Fleet::Expect(const CostRange& range) {
  range_ = range;
  for (Block& block : blocks_) Refresh(&block);
}

void Fleet::Refresh(Block* block) const {
  block->least_load = FleetDevice::kUnlimited;
  block->low_finish = kGreatest;
  block->high_finish = kGreatest;
  // Negative: nothing fits.
  block->cost_room = is_limited_ ? -1 : FleetDevice::kUnlimited;
  block->byte_room = block->cost_room;
  for (size_t i = block->begin; i < block->end; i++) {
    const FleetDevice& device = devices_[i];
    if (is_limited_ && !Fits(device, 0, 0)) continue;
    block->least_load = std::min(block->least_load, device.load);
    block->low_finish = std::min(block->low_finish, device.time + range_.low * device.pace);
    block->high_finish = std::min(block->high_finish, device.time + range_.high * device.pace);
    if (!is_limited_) continue;
    block->cost_room = std::max(block->cost_room, RoomBelow(device.cost_limit, device.cost));
    block->byte_room = std::max(block->byte_room, RoomBelow(device.byte_limit, device.bytes));
  }
}

// Infinity: none may take it. The first one that has the least.
size_t Fleet::Bound(double cost, double bytes) {
  // Numbers from 0 on are in the order of their bits, which are compared without a branch.
  uint64_t least = UINT64_MAX;
  size_t likely = 0;
  const double width = range_.high - range_.low;
  const double part = width > 0 ? (cost - range_.low) / width : 0;
  for (size_t i = 0; i < blocks_.size(); i++) {
    const Block& block = blocks_[i];
    const bool has_room = cost <= block.cost_room && bytes <= block.byte_room;
    const double finish = block.low_finish * (1 - part) + block.high_finish * part;
    const double bound = finish < kTiny ? 0 : finish * kShrink;
    bounds_[i] = has_room ? bound : FleetDevice::kUnlimited;
    const auto bits = std::bit_cast<uint64_t>(bounds_[i]);
    likely = bits < least ? i : likely;
    least = std::min(least, bits);
  }
  return likely;
}

// Exact for devices of one speed, of which many may be done at the same time: none but the first
// is looked for among them.
bool Fleet::MayBeEarlier(const Block& block, double cost, const Choice& best) {
  const double finish = (block.least_load + cost) / block.speed;
  return finish < best.finish || (finish == best.finish && block.first_place < best.place);
}

void Fleet::Look(size_t block, double cost, double bytes, Choice* best) {
  for (size_t i = blocks_[block].begin; i < blocks_[block].end; i++) {
    FleetDevice& device = devices_[i];
    const double finish = (device.load + cost) / device.speed;
    if (finish > best->finish || (finish == best->finish && device.place > best->place)) continue;
    if (!is_limited_ || Fits(device, cost, bytes)) *best = {finish, device.place, &device, block};
  }
}

uint32_t Fleet::Take(double cost, double bytes) {
  Choice best;
  if (blocks_.empty()) return best.place;
  const size_t likely = Bound(cost, bytes);
  Look(likely, cost, bytes, &best);
  for (size_t i = 0; i < blocks_.size(); i++) {
    if (bounds_[i] > best.finish || i == likely || std::isinf(bounds_[i])) continue;
    if (bounds_[i] == best.finish && blocks_[i].first_place > best.place) continue;
    if (MayBeEarlier(blocks_[i], cost, best)) Look(i, cost, bytes, &best);
  }
  if (best.device == nullptr) return best.place;
  FleetDevice& device = *best.device;
  device.items += 1;
  device.cost += cost;
  device.bytes += bytes;
  device.load += cost;
  device.time = device.load / device.speed;
  Refresh(&blocks_[best.block]);
  return best.place;
}

}  // namespace gpuring
