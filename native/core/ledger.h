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
// sees the newcomer. test/native/explorer/ledger_test.cc goes through all of this.
#pragma once

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

  [[nodiscard]] constexpr size_t ShardWords() const { return rows * kLedgerRowWords; }
  [[nodiscard]] constexpr size_t ShardWord(size_t shard) const {
    return kLedgerLogWords + shard * ShardWords();
  }
  [[nodiscard]] constexpr size_t Words() const { return shards == 0 ? 0 : ShardWord(shards); }
};

}  // namespace gpuring
