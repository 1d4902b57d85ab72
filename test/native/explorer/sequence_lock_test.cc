// The production sequence lock under the explorer, and under orders that are too weak.
#include "core/sequence_lock.h"

#include <array>

#include "verdict.h"

namespace gpuring::explorer {
namespace {

constexpr size_t kWords = 2;
constexpr uint64_t kWrites = 2;
constexpr int kAttempts = 2;

template <class Orders>
Program LockProgram() {
  using Lock = SequenceLock<ExplorerAtomics, Orders>;
  Program program;
  program.threads = {
      [](Cell* cells) {
        for (uint64_t version = 1; version <= kWrites; version++) {
          const std::array<uint64_t, kWords> words = {version, version};
          Lock(cells, cells + 1).Write(version, words);
        }
      },
      [](Cell* cells) {
        uint64_t last = 0;
        for (int attempt = 0; attempt < kAttempts; attempt++) {
          std::array<uint64_t, kWords> words{};
          uint64_t version = 0;
          const LockedRead outcome = Lock(cells, cells + 1).TryRead(words, &version);
          if (outcome != LockedRead::kConsistent) continue;
          Require(words[0] == words[1]);  // not torn
          Require(words[0] == version);   // what the version says
          Require(version >= last);       // never back
          last = version;
        }
      },
  };
  return program;
}

template <class Orders>
void JudgeBothWays(const char* name, Expected expected) {
  Program program = LockProgram<Orders>();
  Judge(name, expected, program);
  program.interleaving = Interleaving::kInOrder;
  Judge("  the same, threads in order", expected, program);
}

// Safe without fences, because every payload access carries its order itself.
struct FenceFree : SequenceLockOrders {
  static constexpr Order kBusyFence = Order::kRelaxed;
  static constexpr Order kPayloadStore = Order::kRelease;
  static constexpr Order kPayloadLoad = Order::kAcquire;
  static constexpr Order kCheckFence = Order::kRelaxed;
};

TEST("sequence lock: safe as shipped, under every execution") {
  JudgeBothWays<SequenceLockOrders>("as shipped", Expected::kSafe);
  JudgeBothWays<FenceFree>("equivalent: ordered payload in place of the fences", Expected::kSafe);
}

struct NoBusyFence : SequenceLockOrders {
  static constexpr Order kBusyFence = Order::kRelaxed;
};
struct NoCheckFence : SequenceLockOrders {
  static constexpr Order kCheckFence = Order::kRelaxed;
};
struct FirstLoadRelaxed : SequenceLockOrders {
  static constexpr Order kFirstLoad = Order::kRelaxed;
};
struct ReadyStoreRelaxed : SequenceLockOrders {
  static constexpr Order kReadyStore = Order::kRelaxed;
};
struct AllRelaxed : SequenceLockOrders {
  static constexpr Order kBusyFence = Order::kRelaxed;
  static constexpr Order kReadyStore = Order::kRelaxed;
  static constexpr Order kFirstLoad = Order::kRelaxed;
  static constexpr Order kCheckFence = Order::kRelaxed;
};
struct FenceFreeLoadsRelaxed : FenceFree {
  static constexpr Order kPayloadLoad = Order::kRelaxed;
};
struct FenceFreeStoresRelaxed : FenceFree {
  static constexpr Order kPayloadStore = Order::kRelaxed;
};
struct BusyStoreReleaseForFence : NoBusyFence {
  static constexpr Order kBusyStore = Order::kRelease;
};
struct SecondLoadAcquireForFence : NoCheckFence {
  static constexpr Order kSecondLoad = Order::kAcquire;
};
struct OrdersOnMarkOnly : BusyStoreReleaseForFence {
  static constexpr Order kCheckFence = Order::kRelaxed;
  static constexpr Order kSecondLoad = Order::kAcquire;
};

TEST("sequence lock: every weaker order is caught") {
  JudgeBothWays<NoBusyFence>("no fence after the busy mark", Expected::kBroken);
  JudgeBothWays<NoCheckFence>("no fence before the second look", Expected::kBroken);
  JudgeBothWays<FirstLoadRelaxed>("first look relaxed", Expected::kBroken);
  JudgeBothWays<ReadyStoreRelaxed>("ready mark relaxed", Expected::kBroken);
  JudgeBothWays<AllRelaxed>("everything relaxed", Expected::kBroken);
  JudgeBothWays<FenceFreeLoadsRelaxed>("fence-free, payload loads relaxed", Expected::kBroken);
  JudgeBothWays<FenceFreeStoresRelaxed>("fence-free, payload stores relaxed", Expected::kBroken);
  JudgeBothWays<BusyStoreReleaseForFence>("busy mark release, no fence", Expected::kBroken);
  JudgeBothWays<SecondLoadAcquireForFence>("second look acquire, no fence", Expected::kBroken);
  JudgeBothWays<OrdersOnMarkOnly>("orders on the mark alone, no fences", Expected::kBroken);
}

}  // namespace
}  // namespace gpuring::explorer
