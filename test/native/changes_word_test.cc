// The word that says when a decision may come out otherwise.
#include <chrono>
#include <functional>
#include <thread>

#include "check.h"
#include "core/sampler.h"
#include "core/session.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

// Whether what is done moves the word, however long that takes.
bool Moves(const Rig& rig, const std::function<void()>& action) {
  const uint64_t before = rig.HeaderNow(kBlockChangesWord);
  action();
  return Eventually([&] { return rig.HeaderNow(kBlockChangesWord) != before; });
}

TEST("changes: every row that is polled moves the word, and so does the round") {
  Rig rig(Devices(3));
  rig.WatchAll({0, 1, 2});
  const uint64_t before = rig.Header(kBlockChangesWord);
  rig.clock->Step(kPeriodNs);
  CHECK_EQ(rig.Header(kBlockChangesWord), before + 4);
  rig.clock->Step(kPeriodNs / 2);
  CHECK_EQ(rig.Header(kBlockChangesWord), before + 4);  // nothing was due
}

TEST("changes: what is told of devices and of the driver moves the word") {
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  CHECK(Moves(rig, [&] { rig.sampler->SetPeriodNs(kPeriodNs / 2); }));
  CHECK_EQ(rig.HeaderNow(kBlockPeriodWord), std::bit_cast<uint64_t>(50.0));
  CHECK(Moves(rig, [&] { rig.sampler->Suspend(); }));
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kSuspended; }));
  CHECK(Moves(rig, [&] { rig.sampler->Resume(); }));
  CHECK(Eventually([&] { return rig.Driver() == DriverState::kServing; }));
  CHECK(Moves(rig, [&] { rig.sampler->RequestStop(); }));
  CHECK(rig.sampler->WaitStopped(kLongNs));
  CHECK_EQ(rig.HeaderNow(kBlockStateWord), static_cast<uint64_t>(SamplerState::kStopped));
}

TEST("changes: while a call about the driver hangs the word moves, for samples grow old") {
  Event gate;
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  rig.host->SetCountGate(&gate);
  for (int i = 0; i < 10; i++) {
    rig.clock->Advance(kPeriodNs);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const uint64_t rounds = rig.HeaderNow(kBlockRoundsWord);
  for (int i = 0; i < 4; i++) {
    const uint64_t before = rig.HeaderNow(kBlockChangesWord);
    CHECK(rig.AdvanceUntil(20 * kMs, [&] { return rig.HeaderNow(kBlockChangesWord) != before; }));
  }
  CHECK_EQ(rig.HeaderNow(kBlockRoundsWord), rounds);
  gate.Set();
}

// What a reader saw at one value of the word is what there is as long as it has that value.
TEST("changes: nothing that a decision depends on moves without the word") {
  Rig rig(Devices(2));
  rig.WatchAll({0, 1});
  const auto relevant = [&] {
    std::vector<uint64_t> words;
    for (size_t word = 0; word < kBlockHeaderWords + 2 * Sampler::kLayout.RowStride(); word++) {
      const bool pace = word == kBlockRoundsWord || word == kBlockRoundStartWord ||
                        word == kBlockMissedDeadlinesWord;
      if (!pace && word != kBlockChangesWord) words.push_back(rig.Header(word));
    }
    return words;
  };
  const std::vector<std::function<void()>> steps = {
      [&] { rig.clock->Step(kPeriodNs); },
      [&] { rig.host->SetAnswer(0, Failing(StatusCode::kDeviceLost)); },
      [&] { rig.clock->Step(kPeriodNs); },
      [&] { rig.clock->Step(kPeriodNs / 4); },
      [&] { rig.host->SetAnswer(0, std::nullopt); },
      [&] { rig.clock->Step(kPeriodNs); },
      [&] { rig.host->SetAnswer(1, Failing(StatusCode::kDriverGone)); },
      [&] { rig.clock->Step(kPeriodNs); },
      [&] { rig.host->SetAnswer(1, std::nullopt); },
      [&] { rig.clock->Step(10 * kPeriodNs); },
  };
  size_t moved = 0;
  for (const auto& step : steps) {
    const auto before = relevant();
    const uint64_t word = rig.Header(kBlockChangesWord);
    step();
    const bool same = rig.Header(kBlockChangesWord) == word;
    CHECK(!same || relevant() == before);
    if (!same) moved++;
  }
  CHECK(moved >= 4 && moved < steps.size());
}

}  // namespace
}  // namespace gpuring
