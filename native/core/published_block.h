// The latest state of every device in one piece of memory that JavaScript reads in place.
//
// 64-bit words: a header, then one row a device. JavaScript reads halves of words with Atomics
// (little-endian; the low half of word w is Int32 2w). It must read so:
//  - a row: the low half of the lock word (odd: retry), the words wanted, the same half again
//    (changed: retry). Halves of different writes cannot pass that check.
//  - a header word that changes: high half, low half, high half again (changed: retry).
// Behind the rows lies the ledger of leases, which JavaScript writes in place: core/ledger.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/atomics.h"
#include "core/ledger.h"
#include "core/sequence_lock.h"

namespace gpuring {

inline constexpr uint64_t kBlockMagic = 0x4750'5542'0001'0002;  // "GPU", 'B' for block, version 2

// Header words. Milliseconds are doubles, everything else integers.
inline constexpr size_t kBlockMagicWord = 0;
inline constexpr size_t kBlockRowCapacityWord = 1;
inline constexpr size_t kBlockRowStrideWord = 2;   // words from one row to the next
inline constexpr size_t kBlockRowsWord = 3;        // rows in use
inline constexpr size_t kBlockStateWord = 4;       // SamplerState
inline constexpr size_t kBlockRoundsWord = 5;      // rounds completed
inline constexpr size_t kBlockRoundStartWord = 6;  // monotonic ms, written before a round
inline constexpr size_t kBlockMissedDeadlinesWord = 7;
inline constexpr size_t kBlockPeriodWord = 8;  // ms
inline constexpr size_t kBlockRoundLengthWord =
    9;  // ms, of the latest completed round or a reading beside it
inline constexpr size_t kBlockDevicesWord = 10;  // changes with the list of devices
inline constexpr size_t kBlockEventsWord = 11;   // sequence of the newest event
inline constexpr size_t kBlockDriverWord = 12;   // DriverState
// Changes after anything that a decision may depend on: rows, events, the list of devices, the
// states of sampler and driver. Who finds it as it was need look at nothing else here.
inline constexpr size_t kBlockChangesWord = 13;
// Words of the ledger, on a cache line that the sampler leaves alone; core/ledger.h.
inline constexpr size_t kBlockLedgerClockWord = 16;
inline constexpr size_t kBlockLedgerSharesWord = 17;
inline constexpr size_t kBlockLedgerShardsWord = 18;
inline constexpr size_t kBlockHeaderWords = 24;

// What kBlockDriverWord says while the sampler runs.
enum class DriverState : uint8_t {
  kServing,
  kLost,       // it is opened again and again until it is back
  kSuspended,  // let go of on request
  kReleased,   // let go of, so that idle devices can sleep
};
inline constexpr size_t kDriverStateCount = static_cast<size_t>(DriverState::kReleased) + 1;

// Words of a row. The lock word is 0 until the device was polled for the first time.
inline constexpr size_t kRowLockWord = 0;
inline constexpr size_t kRowStatusWord = 1;    // StatusCode of the last poll, an integer
inline constexpr size_t kRowSequenceWord = 2;  // double; 0: no sample yet, what follows is void
inline constexpr size_t kRowStartWord = 3;     // double, monotonic ms before the first driver call
inline constexpr size_t kRowWallWord = 4;      // double, Unix ms at that time
// An integer: bit m says that fast metric m was worked out, because the driver does not say it.
inline constexpr size_t kRowEstimatedWord = 5;
// A double for each fast metric, in public units; NaN: unknown.
inline constexpr size_t kRowMetricsWord = 6;

struct BlockLayout {
  uint64_t row_capacity = 0;
  uint64_t row_words = 0;  // lock included
  uint64_t ledger_shards = 0;

  // Rows begin on cache lines, so that writing one does not slow down readers of the next.
  [[nodiscard]] constexpr uint64_t RowStride() const {
    constexpr uint64_t kLineWords = kCacheLineBytes / sizeof(uint64_t);
    return (row_words + kLineWords - 1) / kLineWords * kLineWords;
  }
  // Where header and rows end: what the sampler writes lies before, what JavaScript writes behind.
  [[nodiscard]] constexpr size_t LedgerWord() const {
    return kBlockHeaderWords + row_capacity * RowStride();
  }
  [[nodiscard]] constexpr LedgerLayout Ledger() const { return {row_capacity, ledger_shards}; }
  [[nodiscard]] constexpr size_t Cells() const { return LedgerWord() + Ledger().Words(); }
};

struct BlockOrders : SequenceLockOrders {
  // A word of the header tells what was done before: the rows that a completed round wrote, and
  // the header that a state speaks of, may not become visible after it.
  static constexpr Order kHeaderStore = Order::kRelease;
  // No load of what the header word tells about may move before it. JavaScript's are stronger.
  static constexpr Order kHeaderLoad = Order::kAcquire;
  // Likewise: nothing that a decision may depend on may become visible after its change is noted.
  static constexpr Order kNoteChange = Order::kRelease;
};

// Holds pointers to the caller's cells and no state of its own. One writer, the sampler's thread,
// but for NoteChange, which any thread may call.
template <class Atomics, class Orders = BlockOrders>
class PublishedBlock {
 public:
  using Cell = typename Atomics::Cell;

  PublishedBlock(Cell* cells, const BlockLayout& layout) : cells_(cells), layout_(layout) {}

  // Writer only. Writes the words that never change. REQUIRES: all cells 0; nobody reads yet.
  void Format() {
    cells_[kBlockRowCapacityWord].Store(layout_.row_capacity, Order::kRelaxed);
    cells_[kBlockRowStrideWord].Store(layout_.RowStride(), Order::kRelaxed);
    cells_[kBlockLedgerClockWord].Store(kLedgerFirstTick, Order::kRelaxed);
    cells_[kBlockMagicWord].Store(kBlockMagic, Order::kRelaxed);
  }

  // Writer only.
  void StoreHeader(size_t word, uint64_t value) { cells_[word].Store(value, Orders::kHeaderStore); }

  // After what changed was written.
  void NoteChange() { cells_[kBlockChangesWord].Add(1, Orders::kNoteChange); }

  [[nodiscard]] uint64_t LoadHeader(size_t word) const {
    return cells_[word].Load(Orders::kHeaderLoad);
  }

  // Writer only. `words` are the row's words after the lock word.
  void WriteRow(size_t row, std::span<const uint64_t> words) {
    auto lock = LockOf(row);
    lock.Write(lock.LastWritten() + 1, words);
  }

  // One attempt to copy the row's words after the lock word; the same check as JavaScript's.
  [[nodiscard]] LockedRead TryReadRow(size_t row, std::span<uint64_t> words,
                                      uint64_t* version) const {
    return LockOf(row).TryRead(words, version);
  }

 private:
  [[nodiscard]] SequenceLock<Atomics, Orders> LockOf(size_t row) const {
    Cell* const cells = cells_ + kBlockHeaderWords + row * layout_.RowStride();
    return SequenceLock<Atomics, Orders>(cells + kRowLockWord, cells + kRowLockWord + 1);
  }

  Cell* cells_;
  BlockLayout layout_;
};

}  // namespace gpuring
