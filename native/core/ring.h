// The last `capacity` records of one writer, in memory that the caller gives. Readers copy records
// out; the writer never waits for them, and a reader that was lapped learns what it lost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/atomics.h"
#include "core/sequence_lock.h"

namespace gpuring {

// Cells of a ring: magic and version, capacity, words of a record, first sequence; the head, on a
// cache line of its own; then the slots, each a mark and a record. It holds no pointers.
inline constexpr uint64_t kRingMagic = 0x4750'5552'0001'0001;  // "GPU", 'R' for ring, version 1
inline constexpr size_t kRingMagicWord = 0;
inline constexpr size_t kRingCapacityWord = 1;
inline constexpr size_t kRingRecordWordsWord = 2;
inline constexpr size_t kRingFirstWord = 3;
inline constexpr size_t kRingHeadWord = 8;
inline constexpr size_t kRingHeaderWords = 16;

struct RingLayout {
  uint64_t capacity = 0;      // records, at least 1
  uint64_t record_words = 0;  // at least 1
  uint64_t first = 1;         // sequence of the first record to be pushed

  [[nodiscard]] constexpr size_t SlotWords() const { return 1 + record_words; }
  [[nodiscard]] constexpr size_t Cells() const { return kRingHeaderWords + capacity * SlotWords(); }
};

struct RingOrders : SequenceLockOrders {
  // The record that the new head announces may not become visible after it.
  static constexpr Order kHeadStore = Order::kRelease;
  // The look into the slots may not move before the look at the head.
  static constexpr Order kHeadLoad = Order::kAcquire;
};

// What a read of a range came to. Sequences start at 1 and grow by 1.
struct RingRead {
  uint64_t count = 0;   // records copied: those with the sequences from next - count on
  uint64_t lost = 0;    // wanted records that were overwritten before they could be copied
  uint64_t newest = 0;  // sequence of the newest record when the read began; 0: empty
  uint64_t next = 1;    // where the next read goes on: no record below it is still to come
};

template <class Atomics, class Orders = RingOrders>
class Ring {
 public:
  using Cell = typename Atomics::Cell;

  // Over cells that were formatted with this layout. Keeps the pointer only.
  Ring(Cell* cells, const RingLayout& layout) : cells_(cells), layout_(layout) {}

  // Writes the header.
  // REQUIRES: `cells` are layout.Cells() cells, all 0; nobody reads yet.
  static Ring Format(Cell* cells, const RingLayout& layout) {
    cells[kRingCapacityWord].Store(layout.capacity, Order::kRelaxed);
    cells[kRingRecordWordsWord].Store(layout.record_words, Order::kRelaxed);
    cells[kRingFirstWord].Store(layout.first, Order::kRelaxed);
    cells[kRingHeadWord].Store(layout.first - 1, Order::kRelaxed);
    cells[kRingMagicWord].Store(kRingMagic, Order::kRelaxed);
    return Ring(cells, layout);
  }

  // Over a ring that was formatted before, and reached this thread by some synchronised way.
  static Ring Attach(Cell* cells) {
    return Ring(cells, {cells[kRingCapacityWord].Load(Order::kRelaxed),
                        cells[kRingRecordWordsWord].Load(Order::kRelaxed),
                        cells[kRingFirstWord].Load(Order::kRelaxed)});
  }

  [[nodiscard]] uint64_t capacity() const { return layout_.capacity; }

  // Writer only: the sequence that the next Push gives.
  [[nodiscard]] uint64_t NextSequence() const { return Head().Load(Order::kRelaxed) + 1; }

  // Writer only. REQUIRES: record.size() is the layout's record_words.
  void Push(std::span<const uint64_t> record) {
    const uint64_t sequence = NextSequence();
    SlotOf(sequence).Write(sequence, record);
    Head().Store(sequence, Orders::kHeadStore);
  }

  // Sequence of the newest record, 0 while there is none. Any thread.
  [[nodiscard]] uint64_t Newest() const { return Head().Load(Orders::kHeadLoad); }

  // Sequence of the oldest record that may still be there. Any thread.
  [[nodiscard]] uint64_t Oldest() const { return OldestUnder(Newest()); }

  // Copies one record. REQUIRES: sequence >= 1. False: it is not there any more (or not yet). Any
  // thread.
  [[nodiscard]] bool TryReadOne(uint64_t sequence, std::span<uint64_t> record) const {
    uint64_t version = 0;
    const LockedRead outcome = SlotOf(sequence).TryRead(record, &version);
    return outcome == LockedRead::kConsistent && version == sequence;
  }

  // Copies records from `from_sequence` on, oldest first, into `out` (a whole number of records);
  // what `out` holds beyond `count` is void. Bounded: nothing pushed after it began is read. Ends
  // early where the writer has lapped it: what it copies has no gaps.
  [[nodiscard]] RingRead Read(uint64_t from_sequence, std::span<uint64_t> out) const {
    RingRead read;
    read.newest = Newest();
    const uint64_t wanted = std::max<uint64_t>(from_sequence, 1);
    const uint64_t room = out.size() / layout_.record_words;
    uint64_t at = std::max(wanted, OldestUnder(read.newest));
    while (at <= read.newest && read.count < room) {
      const size_t offset = read.count * layout_.record_words;
      if (TryReadOne(at, out.subspan(offset, layout_.record_words))) {
        read.count++;
        at++;
      } else if (read.count > 0) {
        break;
      } else {
        at = std::max(at + 1, OldestUnder(Newest()));
      }
    }
    read.next = std::min(at, std::max(wanted, read.newest + 1));
    if (read.next > wanted) read.lost = read.next - wanted - read.count;
    return read;
  }

 private:
  [[nodiscard]] Cell& Head() const { return cells_[kRingHeadWord]; }

  // The oldest sequence that can still be there when `newest` is the newest.
  [[nodiscard]] uint64_t OldestUnder(uint64_t newest) const {
    if (newest < layout_.first + layout_.capacity) return layout_.first;
    return newest - layout_.capacity + 1;
  }

  [[nodiscard]] SequenceLock<Atomics, Orders> SlotOf(uint64_t sequence) const {
    const uint64_t slot = (sequence - 1) % layout_.capacity;
    Cell* const mark = cells_ + kRingHeaderWords + slot * layout_.SlotWords();
    return SequenceLock<Atomics, Orders>(mark, mark + 1);
  }

  Cell* cells_;
  RingLayout layout_;
};

}  // namespace gpuring
