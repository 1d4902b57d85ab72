// Any number of devices, with limits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "distribute/items.h"

namespace gpuring {

struct FleetDevice {
  static constexpr double kUnlimited = std::numeric_limits<double>::infinity();

  [[nodiscard]] bool IsLimited() const {
    return std::min({item_limit, cost_limit, byte_limit}) < kUnlimited;
  }

  uint32_t place = 0;
  double speed = 0;
  double load = 0;
  double item_limit = kUnlimited;
  double cost_limit = kUnlimited;
  double byte_limit = kUnlimited;
  // What it was given.
  double items = 0;
  double cost = 0;
  double bytes = 0;
  double time = 0;  // load / speed
  double pace = 0;  // 1 / speed, or 0 where that is no ordinary number
};

struct CostRange {
  double low = 0;
  double high = 0;
};

// The devices in the order of their speeds, in blocks of about the square root of their number. A
// block says how early it may finish an item, at the best; one that may be the earliest is looked
// through.
//
// A device finishes cost c at time + c * pace, the first of a block at the least of these: a
// concave function of c, which is nowhere below the straight line between two of its points. Those
// at both ends of a range of costs are kept; the narrower the range, the fewer blocks are looked
// through.
class Fleet {
 public:
  explicit Fleet(std::vector<FleetDevice> devices);

  // Costs to come are of this range.
  void Expect(const CostRange& range);
  // The place of the device that takes it, UINT32_MAX if none may.
  uint32_t Take(double cost, double bytes);

 private:
  struct Choice {
    double finish = std::numeric_limits<double>::infinity();
    uint32_t place = UINT32_MAX;  // of equals the first is chosen
    FleetDevice* device = nullptr;
    size_t block = 0;
  };
  struct Block {
    size_t begin = 0;
    size_t end = 0;
    uint32_t first_place = 0;
    double speed = 0;  // the first one's
    // Of those that may take anything.
    double least_load = 0;
    double low_finish = 0;  // of the lowest cost
    double high_finish = 0;
    double cost_room = 0;  // the most that one may take, rather too much
    double byte_room = 0;
  };

  void AddBlock(size_t begin, size_t end);
  void Refresh(Block* block) const;
  size_t Bound(double cost, double bytes);
  [[nodiscard]] static bool MayBeEarlier(const Block& block, double cost, const Choice& best);
  void Look(size_t block, double cost, double bytes, Choice* best);

  std::vector<FleetDevice> devices_;
  std::vector<Block> blocks_;
  std::vector<double> bounds_;  // of the blocks, for the item that is taken
  CostRange range_;
  bool is_limited_ = false;
};

}  // namespace gpuring
