// Who holds leases on what: the part of the published block that JavaScript writes in place.
//
// A session that decides claims a shard: a row of cells for every row of the block. It alone stores
// there until it is closed; who closes it zeroes the shard, so a worker that ends leaves no lease.
// Cells, log and clock are 32 bits wide (Int32), the words of the header are read by their low
// half, and all of JavaScript's access is by Atomics, which are sequentially consistent. What cells
// mean is the affair of lib/leases/; here they are only kept apart, and zeroed.
//
// Header words (published_block.h):
//  - clock: ticks with each change that other sessions have to learn of. Wraps.
//  - shares: how many shards are claimed.
//  - shards: bit s: shard s is.
//
// A session stores its cells first. While it has the only share, read after those stores, that is
// all. Otherwise it then adds 1 to the clock, which was c, and stores an entry at c % 256 of the
// log: the row in the low half, bits 8 to 23 of c in the high one. A reader that has seen the clock
// at c goes through the entries from c on. It looks at every row where an entry's high half is not
// that of its tick (it is not stored yet, or was stored over), and where it is more than 255 ticks
// behind; a shard that goes makes all readers so.
//
// Limits hold by announcing before validating: a session stores its own cells with what it wants to
// grant, then loads the cells of all other shards there. Over a limit: it stores what was there
// before. Of two sessions that store and then load, at least one sees the other, so what was
// granted never passes a limit, whatever is in between. A newcomer raises `shares` before it loads
// anything: either it sees the cells of a session that took itself for the only one, or that one
// sees the newcomer.
//
// Where the newcomer can fence the whole process in between (core/process_fence.h), a session that
// takes itself for the only one need not pay for that: it stores plainly, then loads `shares`
// plainly, in this order. What it stored before the fence the newcomer sees, and after the fence it
// sees the newcomer. Then it stores once more as above, and goes on so.
//
// What moves between two cells is counted twice for a moment rather than not at all: stored where
// it goes to first, loaded there last. What a session forgets because the newest sample shows it,
// it forgets only after kBlockChangesWord has told it of that sample; who adds up cells for an
// older sample looks at that word afterwards, and adds up again for the newer one.
//
// test/native/explorer/ledger_test.cc goes through all of this, right and wrong.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/atomics.h"

namespace gpuring {

inline constexpr size_t kLedgerShards = 64;  // the bits of a word
inline constexpr uint64_t kLedgerLogEntries = 256;
inline constexpr size_t kLedgerLogWords = kLedgerLogEntries / 2;
// The clock begins here, so that no entry of a zeroed log is taken for that of its tick.
inline constexpr uint64_t kLedgerFirstTick = kLedgerLogEntries;
// Of one row of one shard: a cache line, so that sessions do not slow each other down.
inline constexpr size_t kLedgerRowWords = kCacheLineBytes / sizeof(uint64_t);

// Words from the beginning of the ledger: the log, then shard after shard.
struct LedgerLayout {
  uint64_t rows = 0;
  uint64_t shards = 0;
  uint64_t log_words = kLedgerLogWords;

  [[nodiscard]] constexpr size_t ShardWords() const { return rows * kLedgerRowWords; }
  [[nodiscard]] constexpr size_t ShardWord(size_t shard) const {
    return log_words + shard * ShardWords();
  }
  [[nodiscard]] constexpr size_t Words() const { return shards == 0 ? 0 : ShardWord(shards); }
};

struct LedgerOrders {
  // No load of what others hold may move before it: who takes itself for the only one stores its
  // cells, then loads this. No store to a shard may move before it, and no zero after it: who
  // claims goes on from the addition of who freed.
  static constexpr Order kShare = Order::kSequential;
  // That addition orders them.
  static constexpr Order kBits = Order::kRelaxed;
  static constexpr Order kZero = Order::kRelaxed;
  // No zero may become visible after the clock has told of it.
  static constexpr Order kTell = Order::kRelease;
  // For those that store plainly while they are alone.
  static constexpr bool kFencesProcess = true;
};

// Which shards are whose. Holds pointers to the caller's cells and no state of its own. Any thread.
template <class Atomics, class Orders = LedgerOrders>
class LedgerShards {
 public:
  using Cell = typename Atomics::Cell;
  struct Place {
    Cell* clock;
    Cell* shares;
    Cell* shards;
    Cell* ledger;
  };

  LedgerShards(const Place& place, const LedgerLayout& layout) : at_(place), layout_(layout) {}

  // kNoShard: all are taken, or the others cannot be told.
  static constexpr size_t kNoShard = SIZE_MAX;
  [[nodiscard]] size_t Claim() {
    const size_t shard = ClaimFree();
    if (shard == kNoShard || !Orders::kFencesProcess || Atomics::FenceProcess()) return shard;
    Free(shard);
    return kNoShard;
  }

  // REQUIRES: Claim gave it, and its owner stores no more. What was never stored to is only looked
  // at, so that it takes no memory.
  void Free(size_t shard) {
    Cell* const cells = at_.ledger + layout_.ShardWord(shard);
    for (size_t i = 0; i < layout_.ShardWords(); i++) {
      if (cells[i].Load(Orders::kZero) != 0) cells[i].Store(0, Orders::kZero);
    }
    at_.clock->Add(kLedgerLogEntries, Orders::kTell);
    at_.shares->Add(-uint64_t{1}, Orders::kShare);
    at_.shards->Add(-(uint64_t{1} << shard), Orders::kBits);
  }

 private:
  [[nodiscard]] size_t ClaimFree() {
    uint64_t taken = at_.shards->Load(Orders::kBits);
    for (;;) {
      const auto shard = static_cast<size_t>(std::countr_one(taken));
      if (shard >= layout_.shards) return kNoShard;
      const uint64_t claimed = taken | uint64_t{1} << shard;
      const uint64_t found = at_.shards->CompareExchange(taken, claimed, Orders::kBits);
      if (found == taken) {
        at_.shares->Add(1, Orders::kShare);
        return shard;
      }
      taken = found;
    }
  }

  const Place at_;
  const LedgerLayout layout_;
};

}  // namespace gpuring
