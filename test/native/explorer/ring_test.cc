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
Program RingProgram(std::function<void(Ring<ExplorerAtomics, Orders>)> reader) {
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
      [reader](Cell* cells) { reader(ExploredRing(cells, kLayout)); },
  };
  return program;
}

// Reads the newest record once. With `announced`, it must also be there unless it was lapped:
// the head may not run ahead of the record.
enum class Promise : uint8_t { kNotTorn, kAnnouncedIsThere };

template <class Orders>
Program NewestProgram(Promise promise) {
  return RingProgram<Orders>([promise](Ring<ExplorerAtomics, Orders> ring) {
    const uint64_t newest = ring.Newest();
    if (newest == 0) return;
    std::array<uint64_t, 2> record{};
    if (ring.TryReadOne(newest, record)) {
      Require(record[0] == RecordOf(newest) && record[1] == RecordOf(newest));
    } else if (promise == Promise::kAnnouncedIsThere) {
      // Only the writer of the record two further on can have taken it away.
      Require(ring.Newest() + 1 >= newest + kLayout.capacity);
    }
  });
}

// Two range reads, the second from where the first ended, with room for everything.
template <class Orders>
Program RangeProgram() {
  Program program = RingProgram<Orders>([](Ring<ExplorerAtomics, Orders> ring) {
    uint64_t next = 1;
    for (int round = 0; round < 2; round++) {
      std::array<uint64_t, 2 * kPushes> records{};
      const RingRead read = ring.Read(next, records);
      Require(read.next == next + read.count + read.lost);
      Require(read.next == read.newest + 1 || read.newest < next);
      uint64_t last = next - 1 + RecordOf(0);
      for (uint64_t i = 0; i < read.count; i++) {
        Require(records[2 * i] == records[2 * i + 1]);
        Require(records[2 * i] > last && records[2 * i] <= RecordOf(read.newest));
        last = records[2 * i];
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
struct ReadyStoreRelaxed : RingOrders {
  static constexpr Order kReadyStore = Order::kRelaxed;
};

TEST("ring: safe as shipped, under every execution") {
  Judge("newest record", Expected::kSafe, NewestProgram<RingOrders>(Promise::kNotTorn));
  Judge("two range reads, threads in order", Expected::kSafe, RangeProgram<RingOrders>());
}
...
}  // namespace
}  // namespace gpuring::explorer
