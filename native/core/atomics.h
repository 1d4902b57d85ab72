// The atomics that the lock-free structures are written over. Production uses StdAtomics; the
// weak-memory explorer of test/native/explorer gives the same templates its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/process_fence.h"

namespace gpuring {

enum class Order : uint8_t { kRelaxed, kAcquire, kRelease, kSequential };

constexpr std::memory_order StdOrder(Order order) {
  if (order == Order::kAcquire) return std::memory_order_acquire;
  if (order == Order::kRelease) return std::memory_order_release;
  if (order == Order::kSequential) return std::memory_order_seq_cst;
  return std::memory_order_relaxed;
}

struct StdAtomics {
  // One 64-bit word that several threads (later: processes, and JavaScript's Atomics) may touch.
  class Cell {
   public:
    // Whatever a file is optimised for: inlined, either is one instruction.
    [[nodiscard, gnu::always_inline]] uint64_t Load(Order order) const {
      return word_.load(StdOrder(order));
    }
    [[gnu::always_inline]] void Store(uint64_t value, Order order) {
      word_.store(value, StdOrder(order));
    }
    // Where several threads write. Both return what was there; the exchange took place if that is
    // `expected`, and orders nothing if not.
    uint64_t Add(uint64_t value, Order order) { return word_.fetch_add(value, StdOrder(order)); }
    uint64_t CompareExchange(uint64_t expected, uint64_t desired, Order order) {
      word_.compare_exchange_strong(expected, desired, StdOrder(order), std::memory_order_relaxed);
      return expected;
    }

   private:
    std::atomic<uint64_t> word_{0};
  };

  // A relaxed fence is no fence.
  static void Fence(Order order) { std::atomic_thread_fence(StdOrder(order)); }
  // Of all threads, core/process_fence.h.
  [[nodiscard]] static bool FenceProcess() { return gpuring::FenceProcess(); }
};

static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(sizeof(StdAtomics::Cell) == sizeof(uint64_t), "a cell is the word and nothing else");
inline constexpr size_t kCacheLineBytes = 64;

}  // namespace gpuring
