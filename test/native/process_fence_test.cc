#include "core/process_fence.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "check.h"

namespace gpuring {
namespace {

constexpr int kRounds = 2'000;

bool IsThereSoon() {
  PrepareProcessFence();
  for (int attempt = 0; attempt < 2'000 && !HasProcessFence(); attempt++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return HasProcessFence();
}

// Each stores its own word, then loads the other one's. Only one of the two fences, for both.
struct Pair {
  std::atomic<int> light{0};
  std::atomic<int> heavy{0};
  std::atomic<int> round{0};
  std::atomic<int> light_saw{0};
  std::atomic<int> done{0};
};

void RunLight(Pair* pair) {
  for (int round = 1; round <= kRounds; round++) {
    while (pair->round.load() != round) {
    }
    pair->light.store(round, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    pair->light_saw.store(pair->heavy.load(std::memory_order_relaxed), std::memory_order_relaxed);
    pair->done.store(round);
  }
}

TEST("process fence: of two that store, then load, one sees the other, though one only fences") {
  if (!IsThereSoon()) {
    CHECK(FenceProcess());  // nothing to do
    std::printf("     the system forbids membarrier() here, so nothing more can be tested\n");
    return;
  }
  Pair pair;
  std::thread light([&] { RunLight(&pair); });
  int both_missed = 0;
  int refused = 0;
  for (int round = 1; round <= kRounds; round++) {
    pair.round.store(round);
    pair.heavy.store(round, std::memory_order_relaxed);
    if (!FenceProcess()) refused++;
    const bool missed = pair.light.load(std::memory_order_relaxed) != round;
    while (pair.done.load() != round) {
    }
    if (missed && pair.light_saw.load() != round) both_missed++;
  }
  light.join();
  CHECK_EQ(both_missed, 0);
  CHECK_EQ(refused, 0);
}

}  // namespace
}  // namespace gpuring
