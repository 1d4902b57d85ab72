// What JavaScript does in the ledger (lib/leases/ledger.ts), over the explorer's cells. A 32-bit
// cell is a word of its own here, and the log is short.
#pragma once

#include <array>
#include <memory>

#include "core/ledger.h"
#include "explorer.h"

namespace gpuring::explorer {

inline constexpr uint64_t kEntries = 2;
inline constexpr size_t kRows = 2;
inline constexpr LedgerLayout kLayout = {.rows = kRows, .shards = 2, .log_words = kEntries};

// Header words, then the ledger.
inline Cell& Clock(Cell* cells) { return cells[0]; }
inline Cell& Shares(Cell* cells) { return cells[1]; }
inline Cell& Shards(Cell* cells) { return cells[2]; }
inline Cell& Log(Cell* cells, uint64_t tick) { return cells[3 + tick % kEntries]; }
inline Cell& InFlight(Cell* cells, size_t shard, size_t row) {
  return cells[3 + kLayout.ShardWord(shard) + row * kLedgerRowWords];
}

template <class Orders>
LedgerShards<ExplorerAtomics, Orders> NativeShards(Cell* cells) {
  return {{&Clock(cells), &Shares(cells), &Shards(cells), cells + 3}, kLayout};
}

// The protocol, and what can be done wrong about it.
struct Protocol {
  Order load = Order::kSequential;
  Order store = Order::kSequential;
  bool looks_before_announcing = false;
  bool counts_shares_first = false;
  bool trusts_lower_shards = false;
  bool tells_first = false;
  bool tags_entries = true;
  // Who may be alone stores plainly, and again as above where that was not so.
  bool stores_plainly = false;
  bool stores_again = true;
};

// Grants units of a row up to one.
class Grantor {
 public:
  Grantor(Cell* cells, size_t shard, const Protocol& protocol)
      : cells_(cells), shard_(shard), protocol_(protocol) {}

  bool TryGrant() {
    if (protocol_.looks_before_announcing) {
      if (Others() != 0) return false;
      Set(0, 1);
      return true;
    }
    if (Announce(0, 1) || (protocol_.trusts_lower_shards && shard_ == 0)) return true;
    if (Others() == 0) return true;
    Set(0, 0);
    return false;
  }

  void Set(size_t row, uint64_t value) {
    InFlight(cells_, shard_, row).Store(value, protocol_.store);
  }
  // True: nobody else is there.
  bool Announce(size_t row, uint64_t value) {
    const bool alone_before = protocol_.counts_shares_first && IsAlone();
    if (protocol_.stores_plainly) {
      InFlight(cells_, shard_, row).Store(value, Order::kRelaxed);
      if (Shares(cells_).Load(Order::kRelaxed) == 1) return true;
      if (!protocol_.stores_again) return false;
    }
    Set(row, value);
    return protocol_.counts_shares_first ? alone_before : IsAlone();
  }
  // A change of which others learn.
  void Tell(size_t row, uint64_t value) {
    const bool alone = protocol_.tells_first ? IsAlone() : Announce(row, value);
    if (!alone) {
      const uint64_t tick = Clock(cells_).Add(1, Order::kSequential);
      const uint64_t tag = protocol_.tags_entries ? tick / kEntries << 16 : 0;
      Log(cells_, tick).Store(tag | row, protocol_.store);
    }
    if (protocol_.tells_first) Set(row, value);
  }

 private:
  [[nodiscard]] bool IsAlone() const { return Shares(cells_).Load(protocol_.load) == 1; }
  [[nodiscard]] uint64_t Others() const {
    return InFlight(cells_, 1 - shard_, 0).Load(protocol_.load);
  }

  Cell* const cells_;
  const size_t shard_;
  const Protocol protocol_;
};

// Remembers what the other shard's rows hold, and goes by the clock and the log.
class Follower {
 public:
  Follower(Cell* cells, size_t of_shard, const Protocol& protocol)
      : cells_(cells), shard_(of_shard), protocol_(protocol) {}

  void Begin() {
    seen_ = Clock(cells_).Load(protocol_.load);
    LookAtAll();
  }
  void LookAtAll() {
    for (size_t row = 0; row < kRows; row++) Look(row);
  }
  void Follow() {
    const uint64_t now = Clock(cells_).Load(protocol_.load);
    const uint64_t from = std::exchange(seen_, now);
    if (now - from >= kEntries) return LookAtAll();
    for (uint64_t tick = from; tick != now; tick++) {
      const uint64_t entry = Log(cells_, tick).Load(protocol_.load);
      const uint64_t tag = protocol_.tags_entries ? tick / kEntries : 0;
      if (entry >> 16 != tag) return LookAtAll();
      Look(entry & 0xffff);
    }
  }
  void SkipToNow() { seen_ = Clock(cells_).Load(protocol_.load); }
  // Once nobody writes any more.
  [[nodiscard]] bool KnowsAll() {
    Follow();
    for (size_t row = 0; row < kRows; row++) {
      if (known_[row] != InFlight(cells_, shard_, row).Load(Order::kRelaxed)) return false;
    }
    return true;
  }

 private:
  void Look(size_t row) { known_[row] = InFlight(cells_, shard_, row).Load(protocol_.load); }

  Cell* const cells_;
  const size_t shard_;
  const Protocol protocol_;
  uint64_t seen_ = kLedgerFirstTick;
  std::array<uint64_t, kRows> known_{};
};

}  // namespace gpuring::explorer
