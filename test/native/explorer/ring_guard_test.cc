// The production guard of columns under the explorer, and under orders that are too weak.
#include "aggregate/ring_guard.h"

#include <array>

#include "verdict.h"

namespace gpuring::explorer {
namespace {

constexpr size_t kClaimWord = 0;
constexpr size_t kHeadWord = 1;
constexpr size_t kDataWord = 2;
constexpr uint64_t kRoom = 2;    // sequences that the data has room for, in two columns
constexpr uint64_t kPushes = 3;  // the third uses the cells of the first

uint64_t DataOf(uint64_t sequence) { return sequence + 100; }
Cell* FirstColumn(Cell* cells, uint64_t sequence) { return cells + kDataWord + sequence % kRoom; }
Cell* SecondColumn(Cell* cells, uint64_t sequence) { return FirstColumn(cells, sequence) + kRoom; }

// Reads the newest sample, or that and the one before it as a window of two.
template <class Orders>
Program GuardProgram(uint64_t window) {
  using Guard = RingGuard<ExplorerAtomics, Orders>;
  Program program;
  program.threads = {
      [](Cell* cells) {
        Guard guard(cells + kClaimWord, cells + kHeadWord);
        for (uint64_t sequence = 1; sequence <= kPushes; sequence++) {
          guard.Begin(sequence);
          FirstColumn(cells, sequence)->Store(DataOf(sequence), Order::kRelaxed);
          SecondColumn(cells, sequence)->Store(DataOf(sequence), Order::kRelaxed);
          guard.End(sequence);
        }
      },
      [window](Cell* cells) {
        const Guard guard(cells + kClaimWord, cells + kHeadWord);
        const uint64_t newest = guard.Newest();
        if (newest < window) return;
        std::array<uint64_t, 2 * kRoom> seen{};
        size_t count = 0;
        for (uint64_t at = newest + 1 - window; at <= newest; at++) {
          seen[count++] = FirstColumn(cells, at)->Load(Order::kRelaxed);
          seen[count++] = SecondColumn(cells, at)->Load(Order::kRelaxed);
        }
        if (!guard.StillThere(newest + 1 - window, kRoom)) return;
        for (size_t i = 0; i < count; i++) Require(seen[i] == DataOf(newest + 1 - window + i / 2));
      },
  };
  return program;
}

// The check left out: what it is there for.
Program UncheckedProgram() {
  Program program = GuardProgram<RingGuardOrders>(1);
  program.threads[1] = [](Cell* cells) {
    const RingGuard<ExplorerAtomics> guard(cells + kClaimWord, cells + kHeadWord);
    const uint64_t newest = guard.Newest();
    if (newest == 0) return;
    Require(FirstColumn(cells, newest)->Load(Order::kRelaxed) == DataOf(newest));
  };
  return program;
}

struct ClaimFenceRelaxed : RingGuardOrders {
  static constexpr Order kClaimFence = Order::kRelaxed;
};
struct HeadStoreRelaxed : RingGuardOrders {
  static constexpr Order kHeadStore = Order::kRelaxed;
};
struct HeadLoadRelaxed : RingGuardOrders {
  static constexpr Order kHeadLoad = Order::kRelaxed;
};
struct CheckFenceRelaxed : RingGuardOrders {
  static constexpr Order kCheckFence = Order::kRelaxed;
};
// A store that is only itself a release lets later stores pass it: the fence is no luxury.
struct ClaimStoreForFence : RingGuardOrders {
  static constexpr Order kClaimStore = Order::kRelease;
  static constexpr Order kClaimFence = Order::kRelaxed;
};
// Likewise a load that is only itself an acquire lets earlier loads pass it.
struct ClaimLoadForFence : RingGuardOrders {
  static constexpr Order kClaimLoad = Order::kAcquire;
  static constexpr Order kCheckFence = Order::kRelaxed;
};

TEST("ring guard: safe as shipped, under every execution") {
  Judge("newest sample, two columns", Expected::kSafe, GuardProgram<RingGuardOrders>(1));
  Judge("window of two samples, two columns", Expected::kSafe, GuardProgram<RingGuardOrders>(2));
}

TEST("ring guard: every weaker order is caught") {
  Judge("no fence after the claim", Expected::kBroken, GuardProgram<ClaimFenceRelaxed>(1));
  Judge("head store relaxed", Expected::kBroken, GuardProgram<HeadStoreRelaxed>(1));
  Judge("head load relaxed", Expected::kBroken, GuardProgram<HeadLoadRelaxed>(1));
  Judge("no fence before the look at the claim", Expected::kBroken,
        GuardProgram<CheckFenceRelaxed>(1));
  Judge("claim released in place of the fence", Expected::kBroken,
        GuardProgram<ClaimStoreForFence>(1));
  Judge("claim acquired in place of the fence", Expected::kBroken,
        GuardProgram<ClaimLoadForFence>(1));
}

TEST("ring guard: data read without a look at the claim is caught") {
  Judge("no check", Expected::kBroken, UncheckedProgram());
}

}  // namespace
}  // namespace gpuring::explorer
