// The production ring under the explorer, and under orders that are too weak.
#include "core/ring.h"

#include <array>

#include "verdict.h"

namespace gpuring::explorer {
namespace {

constexpr RingLayout kLayout = {.capacity = 2, .record_words = 2};
constexpr uint64_t kPushes = 3;  // the third laps the first

uint64_t RecordOf(uint64_t sequence) { return sequence + 100; }

template <class Orders>
Program RingProgram(std::function<void(Ring<ExplorerAtomics, Orders>, Cell*)> reader) {
  using ExploredRing = Ring<ExplorerAtomics, Orders>;
  Program program;
  program.setup = [](Cell* cells) { ExploredRing::Format(cells, kLayout); };
  program.threads = {
      [](Cell* cells) {
        ExploredRing ring(cells, kLayout);
        for (uint64_t sequence = 1; sequence <= kPushes; sequence++) {
          const std::array<uint64_t, 2> record = {RecordOf(sequence), RecordOf(sequence)};
          ring.Push(record);
        }
      },
      [reader](Cell* cells) { reader(ExploredRing(cells, kLayout), cells); },
  };
  return program;
}

template <class Orders>
Program NewestProgram() {
  return RingProgram<Orders>([](Ring<ExplorerAtomics, Orders> ring, Cell*) {
    const uint64_t newest = ring.Newest();
    std::array<uint64_t, 2> record{};
    if (newest == 0 || !ring.TryReadOne(newest, record)) return;
    Require(record[0] == RecordOf(newest) && record[1] == RecordOf(newest));
  });
}

// Looks at the slot that the head names, past the ring's own check of the version.
enum class Promise : uint8_t {
  kAnnouncedIsThere,  // the slot holds that record or a later one: the head does not run ahead
  kSlotIsTheRecord,   // false on purpose: a slot that reads well may have been overwritten
};

template <class Orders>
Program SlotProgram(Promise promise) {
  return RingProgram<Orders>([promise](Ring<ExplorerAtomics, Orders> ring, Cell* cells) {
    const uint64_t newest = ring.Newest();
    if (newest == 0) return;
    const size_t slot = (newest - 1) % kLayout.capacity;
    Cell* const mark = cells + kRingHeaderWords + slot * kLayout.SlotWords();
    std::array<uint64_t, 2> record{};
    uint64_t version = 0;
    const auto outcome =
        SequenceLock<ExplorerAtomics, Orders>(mark, mark + 1).TryRead(record, &version);
    if (promise == Promise::kAnnouncedIsThere) Require(version >= newest);
    if (promise == Promise::kSlotIsTheRecord && outcome == LockedRead::kConsistent) {
      Require(record[0] == RecordOf(newest));
    }
  });
}

// Two range reads, the second from where the first ended, with room for everything.
template <class Orders>
Program RangeProgram() {
  Program program = RingProgram<Orders>([](Ring<ExplorerAtomics, Orders> ring, Cell*) {
    uint64_t next = 1;
    for (int round = 0; round < 2; round++) {
      std::array<uint64_t, 2 * kPushes> records{};
      const RingRead read = ring.Read(next, records);
      Require(read.next == next + read.count + read.lost);
      Require(read.next == read.newest + 1 || read.newest < next || read.count > 0);
      for (uint64_t i = 0; i < read.count; i++) {
        Require(records[2 * i] == records[2 * i + 1]);
        Require(records[2 * i] == RecordOf(read.next - read.count + i));
      }
      next = read.next;
    }
  });
  program.interleaving = Interleaving::kInOrder;
  return program;
}

struct HeadRelaxed : RingOrders {
  static constexpr Order kHeadStore = Order::kRelaxed;
  static constexpr Order kHeadLoad = Order::kRelaxed;
};
struct HeadStoreRelaxed : RingOrders {
  static constexpr Order kHeadStore = Order::kRelaxed;
};
struct HeadLoadRelaxed : RingOrders {
  static constexpr Order kHeadLoad = Order::kRelaxed;
};
struct ReadyStoreRelaxed : RingOrders {
  static constexpr Order kReadyStore = Order::kRelaxed;
};
struct FirstLoadRelaxed : RingOrders {
  static constexpr Order kFirstLoad = Order::kRelaxed;
};
struct HeadAndReadyRelaxed : HeadRelaxed {
  static constexpr Order kReadyStore = Order::kRelaxed;
};
struct HeadAndFirstLoadRelaxed : HeadRelaxed {
  static constexpr Order kFirstLoad = Order::kRelaxed;
};
struct NoBusyFence : RingOrders {
  static constexpr Order kBusyFence = Order::kRelaxed;
};
struct NoCheckFence : RingOrders {
  static constexpr Order kCheckFence = Order::kRelaxed;
};

TEST("ring: safe as shipped, under every execution") {
  Judge("newest record", Expected::kSafe, NewestProgram<RingOrders>());
  Judge("the head never runs ahead of a record", Expected::kSafe,
        SlotProgram<RingOrders>(Promise::kAnnouncedIsThere));
  Judge("two range reads, threads in order", Expected::kSafe, RangeProgram<RingOrders>());
}

// Head and mark each publish a record; one of them alone keeps it whole.
TEST("ring: what is weaker but never torn stays so") {
  Judge("head relaxed: the mark guards", Expected::kSafe, NewestProgram<HeadRelaxed>());
  Judge("head relaxed: the same, range reads", Expected::kSafe, RangeProgram<HeadRelaxed>());
  Judge("ready mark relaxed: the head guards", Expected::kSafe, NewestProgram<ReadyStoreRelaxed>());
  Judge("first look relaxed: the head guards", Expected::kSafe, NewestProgram<FirstLoadRelaxed>());
}

TEST("ring: every weaker order is caught") {
  Judge("head store relaxed: runs ahead", Expected::kBroken,
        SlotProgram<HeadStoreRelaxed>(Promise::kAnnouncedIsThere));
  Judge("head load relaxed: runs ahead", Expected::kBroken,
        SlotProgram<HeadLoadRelaxed>(Promise::kAnnouncedIsThere));
  Judge("no fence after the busy mark", Expected::kBroken, NewestProgram<NoBusyFence>());
  Judge("no fence before the second look", Expected::kBroken, NewestProgram<NoCheckFence>());
  Judge("no fence after the busy mark, range reads", Expected::kBroken,
        RangeProgram<NoBusyFence>());
  Judge("no fence before the second look, range reads", Expected::kBroken,
        RangeProgram<NoCheckFence>());
  Judge("head and ready mark relaxed", Expected::kBroken, NewestProgram<HeadAndReadyRelaxed>());
  Judge("head and first look relaxed", Expected::kBroken, NewestProgram<HeadAndFirstLoadRelaxed>());
}

TEST("ring: a slot read without a look at its version is caught") {
  Judge("no check of the version", Expected::kBroken,
        SlotProgram<RingOrders>(Promise::kSlotIsTheRecord));
}

}  // namespace
}  // namespace gpuring::explorer
