// Who has the baton, when it is taken and calls come back at the same moment.
#include "core/crew.h"

#include <thread>
#include <vector>

#include "check.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

TEST("crew: a call that came back cannot be taken, one that was taken cannot come back") {
  Crew crew;
  const uint64_t first = crew.Enter(Crew::kRow + 3, 17);
  const Crew::Sight seen = crew.Look();
  CHECK_EQ(seen.place, Crew::kRow + 3);
  CHECK_EQ(seen.start_ns, 17);
  CHECK(crew.Leave(first));
  CHECK(!crew.Take(seen));
  const uint64_t second = crew.Enter(Crew::kRow + 3, 18);
  CHECK(!crew.Take(seen));  // the same place, another call
  CHECK(crew.Take(crew.Look()));
  CHECK(!crew.Leave(second));
  CHECK(!crew.ClaimVacant());
  crew.HandOn(Crew::kVacant);
  CHECK(crew.ClaimVacant());
  CHECK(!crew.ClaimVacant());
}

// Three threads make calls; the watchdog takes the baton as often as it can. What only the holder
// may touch is no atomic, so that a sanitizer sees two of them.
TEST("crew: the baton is in one hand, whoever takes, calls, parks and comes back") {
  Crew crew;
  constexpr uint64_t kCalls = 20'000;
  constexpr uint64_t kTaken = 500;
  uint64_t calls = 0;
  uint64_t taken = 0;
  std::atomic<bool> done{false};
  const auto work = [&](bool begins) {
    crew.Joined();
    bool mine = begins;
    for (int turn = 0; !done && (mine || crew.ClaimVacant() || crew.WaitAsSpare()); turn++) {
      const uint64_t word = crew.Enter(Crew::kRow, 0);
      if (turn % 64 == 0) std::this_thread::yield();
      mine = crew.Leave(word);
      if (mine && ++calls >= kCalls && taken >= kTaken) done = true;
    }
    crew.Left();
  };
  std::thread watchdog([&] {
    while (!done) {
      const Crew::Sight seen = crew.Look();
      if (seen.place == Crew::kIdle || seen.place == Crew::kWatched || !crew.Take(seen)) continue;
      calls++;
      taken++;
      if (!crew.CallSpare()) crew.HandOn(Crew::kVacant);
    }
    crew.SendSparesHome();
  });
  std::vector<std::thread> threads;
  for (int at = 0; at < 3; at++) threads.emplace_back(work, at == 0);
  for (std::thread& thread : threads) thread.join();
  watchdog.join();
  CHECK(calls >= kCalls);
  CHECK(taken >= kTaken);
  CHECK_EQ(crew.alive(), 0);
}

}  // namespace
}  // namespace gpuring
