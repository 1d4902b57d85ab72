// One writer replaces a group of words; any number of readers copy it whole or learn that they
// could not. Readers never hold the writer up. Orders after Boehm, "Can seqlocks get along with
// programming language memory models?" (MSPC 2012).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/atomics.h"

namespace gpuring {

// Each order, and what it keeps from moving past it. Tests replace single ones by weaker ones.
struct SequenceLockOrders {
  // The fence after it orders the busy mark; the store itself need not.
  static constexpr Order kBusyStore = Order::kRelaxed;
  // No payload store may become visible before the busy mark.
  static constexpr Order kBusyFence = Order::kRelease;
  // The busy fence before and the ready store after hold the payload in place.
  static constexpr Order kPayloadStore = Order::kRelaxed;
  // No payload store may become visible after the ready mark.
  static constexpr Order kReadyStore = Order::kRelease;
  // No payload load may move before the first look at the mark.
  static constexpr Order kFirstLoad = Order::kAcquire;
  // The first load before and the fence after hold the payload in place.
  static constexpr Order kPayloadLoad = Order::kRelaxed;
  // The second look at the mark may not move before any payload load.
  static constexpr Order kCheckFence = Order::kAcquire;
  // The fence before it orders it.
  static constexpr Order kSecondLoad = Order::kRelaxed;
};

enum class LockedRead : uint8_t {
  kConsistent,
  kOvertaken,  // the writer was or came in between; the copied words mean nothing
};

// The mark is 2v - 1 while version v is being written and 2v once it is complete; 0: none yet.
template <class Atomics, class Orders = SequenceLockOrders>
class SequenceLock {
 public:
  using Cell = typename Atomics::Cell;

  // Keeps the pointers only: the cells are the caller's and hold all the state.
  SequenceLock(Cell* mark, Cell* payload) : mark_(mark), payload_(payload) {}

  // Writer only. REQUIRES: version is greater than every version written before.
  void Write(uint64_t version, std::span<const uint64_t> words) {
    mark_->Store(2 * version - 1, Orders::kBusyStore);
    Atomics::Fence(Orders::kBusyFence);
    for (size_t i = 0; i < words.size(); i++) payload_[i].Store(words[i], Orders::kPayloadStore);
    mark_->Store(2 * version, Orders::kReadyStore);
  }

  // One attempt, from any thread. After kConsistent, `words` is exactly what Write(*version, …)
  // was given; version 0: nothing was written yet.
  [[nodiscard]] LockedRead TryRead(std::span<uint64_t> words, uint64_t* version) const {
    const uint64_t before = mark_->Load(Orders::kFirstLoad);
    *version = before / 2;
    if (before % 2 != 0) return LockedRead::kOvertaken;
    for (size_t i = 0; i < words.size(); i++) words[i] = payload_[i].Load(Orders::kPayloadLoad);
    Atomics::Fence(Orders::kCheckFence);
    const uint64_t after = mark_->Load(Orders::kSecondLoad);
    return before == after ? LockedRead::kConsistent : LockedRead::kOvertaken;
  }

  // Writer only: the version of the last complete write.
  [[nodiscard]] uint64_t LastWritten() const { return mark_->Load(Order::kRelaxed) / 2; }

 private:
  Cell* mark_;
  Cell* payload_;
};

}  // namespace gpuring
