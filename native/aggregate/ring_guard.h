// What tells a reader of many cells, spread over one writer's wrapping memory, whether all it
// loaded was still as written: one claim ahead of the stores, one head behind them.
#pragma once

#include <cstdint>

#include "core/atomics.h"

namespace gpuring {

// Each order, and what it keeps from moving past it. Tests replace single ones by weaker ones.
struct RingGuardOrders {
  // The fence after it orders the claim; the store itself need not.
  static constexpr Order kClaimStore = Order::kRelaxed;
  // No store of the sample's data may become visible before the claim.
  static constexpr Order kClaimFence = Order::kRelease;
  // No store of the sample's data may become visible after the head that announces it.
  static constexpr Order kHeadStore = Order::kRelease;
  // No load of data may move before the look at the head.
  static constexpr Order kHeadLoad = Order::kAcquire;
  // The look at the claim may not move before any load of data.
  static constexpr Order kCheckFence = Order::kAcquire;
  // The fence before it orders it.
  static constexpr Order kClaimLoad = Order::kRelaxed;
};

// The data itself goes through relaxed loads and stores.
template <class Atomics, class Orders = RingGuardOrders>
class RingGuard {
 public:
  using Cell = typename Atomics::Cell;

  // Keeps the pointers only: the cells hold all the state.
  RingGuard(Cell* claim, Cell* head) : claim_(claim), head_(head) {}

  // Writer only, before the first and after the last store of a sample's data.
  // REQUIRES: sequences grow.
  void Begin(uint64_t sequence) {
    claim_->Store(sequence, Orders::kClaimStore);
    Atomics::Fence(Orders::kClaimFence);
  }
  void End(uint64_t sequence) { head_->Store(sequence, Orders::kHeadStore); }

  // Sequence of the newest sample that is whole. Any thread.
  [[nodiscard]] uint64_t Newest() const { return head_->Load(Orders::kHeadLoad); }

  // True: whatever was loaded so far of `oldest` and of what came after it, up to a Newest() looked
  // at before, is as it was written. `room`: how many sequences later the same cells are used
  // again.
  [[nodiscard]] bool StillThere(uint64_t oldest, uint64_t room) const {
    Atomics::Fence(Orders::kCheckFence);
    return claim_->Load(Orders::kClaimLoad) < oldest + room;
  }

 private:
  Cell* claim_;
  Cell* head_;
};

}  // namespace gpuring
