// Several openers of one sampler. Real clock: a session makes its own.
#include "core/session.h"

#include <memory>
#include <string>
#include <utility>

#include "check.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

struct Wish {
  int64_t period_ns = kPeriodNs;
  uint64_t history_samples = 10;
  Status open_status{};
  Event* open_gate = nullptr;
};

struct Opener {
  explicit Opener(const char* key, Wish wish = {}) {
    MemoryScript script{.devices = {Device({Answer(7)})}};
    script.open_status = wish.open_status;
    script.open_gate = wish.open_gate;
    host = std::make_shared<MemoryHost>(std::move(script));
    log = host->log();
    options.key = key;
    options.period_ns = wish.period_ns;
    options.history_samples = wish.history_samples;
    options.memory_limit_bytes = 1 << 21;
    options.make_source = [host = host] { return std::make_unique<MemorySource>(host); };
    status = Session::Open(options, &session);
  }

  bool AwaitSettled() const {
    return Eventually([this] { return session->state() != SamplerState::kOpening; });
  }

  std::shared_ptr<MemoryHost> host;
  SessionOptions options;
  std::shared_ptr<MemoryLog> log;
  Status status;
  std::unique_ptr<Session> session;
};

TEST("session: openers of the same key share a sampler, the last to close ends it") {
  Opener first("a");
  Opener second("a");
  CHECK(&first.session->sampler() == &second.session->sampler());
  CHECK(first.session->sampler().WaitOpened(kLongNs));
  first.session->Close();
  first.session->Close();
  CHECK(first.session->WaitClosed(0));
  CHECK_EQ(second.session->sampler().state(), SamplerState::kRunning);
  second.session->Close();
  CHECK(second.session->WaitClosed(kLongNs));
  CHECK_EQ(second.session->sampler().state(), SamplerState::kStopped);
  CHECK_EQ(first.log->opens.load(), 1u);
  CHECK_EQ(first.log->closes.load(), 1u);
  CHECK_EQ(second.log->opens.load(), 0u);
}

// Closing is all that an environment does that ends, however it ends.
TEST("session: leases of one that closes are gone from the ledger that others share") {
  Opener first("a");
  Opener second("a");
  CHECK(first.AwaitSettled() && second.AwaitSettled());
  size_t shards[2] = {};
  CHECK(first.session->ledger().Claim(&shards[0]));
  CHECK(second.session->ledger().Claim(&shards[1]));
  CHECK(shards[0] != shards[1]);
  const size_t word =
      Sampler::kLayout.LedgerWord() + Sampler::kLayout.Ledger().ShardWord(shards[0]);
  first.session->ledger().Store(2 * word, 64);
  CHECK_EQ(second.session->ledger().Load(2 * word), 64);
  first.session->Close();
  CHECK_EQ(second.session->ledger().Load(2 * word), 0);
  CHECK_EQ(second.session->ledger().Load(2 * kBlockLedgerSharesWord), 1);
  CHECK(!first.session->ledger().Claim(&shards[0]));
  first.session->ledger().Store(2 * word, 64);
  CHECK_EQ(second.session->ledger().Load(2 * word), 0);
}

TEST("session: another key is refused while one is open, and welcome afterwards") {
  Opener first("a");
  Opener refused("b");
  CHECK_EQ(refused.status.code(), StatusCode::kAlreadyOpen);
  CHECK(refused.session == nullptr);
  CHECK_EQ(refused.log->opens.load(), 0u);
  first.session->Close();
  CHECK(first.session->WaitClosed(kLongNs));
  Opener next("b");
  CHECK(next.status.ok());
  CHECK(next.AwaitSettled());
  CHECK_EQ(next.log->opens.load(), 1u);
}

TEST("session: the shortest period and the longest history win, while their openers stay") {
  Opener slow("a", {.period_ns = 50 * kMs, .history_samples = 5});
  Sampler& sampler = slow.session->sampler();
  CHECK(slow.AwaitSettled());
  {
    Opener fast("a", {.period_ns = 5 * kMs, .history_samples = 500});
    CHECK_EQ(sampler.period_ns(), 5 * kMs);
    CHECK(fast.AwaitSettled());
    CHECK_EQ(sampler.HistoryCapacity(), 500u);
  }
  CHECK_EQ(sampler.period_ns(), 50 * kMs);
}

TEST("session: a history beyond the limit fails its opener and leaves the others alone") {
  Opener first("a");
  CHECK(first.AwaitSettled());
  Opener greedy("a", {.history_samples = 1'000'000});
  CHECK(greedy.AwaitSettled());
  CHECK_EQ(greedy.session->state(), SamplerState::kFailed);
  CHECK_EQ(greedy.session->status().code(), StatusCode::kOutOfRange);
  CHECK_EQ(first.session->sampler().HistoryCapacity(), 10u);
  CHECK_EQ(first.session->state(), SamplerState::kRunning);
  CHECK(first.session->status().ok());
}

TEST("session: wishes of openers while the driver opens are met or refused one by one") {
  constexpr uint64_t kGreedy = 1'000'000;
  for (const uint64_t first_wish : {uint64_t{10}, kGreedy}) {
    Event gate;
    Opener first("a", {.history_samples = first_wish, .open_gate = &gate});
    Opener middle("a", {.history_samples = 3'000});
    Opener last("a", {.history_samples = first_wish == kGreedy ? 10 : kGreedy});
    for (Opener* opener : {&first, &middle, &last}) {
      CHECK(opener->status.ok());
      CHECK_EQ(opener->session->state(), SamplerState::kOpening);
    }
    gate.Set();
    for (Opener* opener : {&last, &first}) {
      CHECK(opener->AwaitSettled());
      const bool greedy = opener->options.history_samples == kGreedy;
      CHECK_EQ(opener->session->state(), greedy ? SamplerState::kFailed : SamplerState::kRunning);
    }
    // Running means that there is room, not that somebody was asked for it.
    CHECK(middle.AwaitSettled());
    CHECK_EQ(middle.session->state(), SamplerState::kRunning);
    CHECK(middle.session->sampler().HistoryCapacity() >= 3'000);
  }
}

TEST("session: who waits for all threads to end waits for those that were left behind") {
  CHECK(Session::WaitAllEnded(MonotonicNowNs() + kLongNs));
  Event gate;
  std::shared_ptr<MemoryLog> log;
  {
    Opener left("a", {.open_gate = &gate});
    CHECK(Eventually([&] { return left.log->opens == 1; }));
    log = left.log;
    CHECK(Session::WaitAllEnded(0));  // still shared: nothing has to end
  }
  CHECK(!Session::WaitAllEnded(MonotonicNowNs() + 20 * kMs));
  CHECK_EQ(log->closes.load(), 0u);
  gate.Set();
  CHECK(Session::WaitAllEnded(MonotonicNowNs() + kLongNs));
  CHECK_EQ(log->closes.load(), 1u);
}

TEST("session: what is kept to wait for the end keeps no history") {
  std::weak_ptr<BlockMemory> memory;
  {
    Opener only("a");
    CHECK(only.AwaitSettled());
    memory = only.session->sampler().block();
    CHECK(!memory.expired());
  }
  CHECK(Eventually([&] { return memory.expired(); }));
}

TEST("session: a row is polled while any opener watches it") {
  Opener first("a", {.period_ns = kMs});
  Opener second("a", {.period_ns = kMs});
  CHECK(first.session->sampler().WaitOpened(kLongNs));
  const size_t rows[] = {0};
  first.session->Watch(rows);
  second.session->Watch(rows);
  first.session->Close();
  const uint64_t before = first.log->polls[0].load();
  CHECK(Eventually([&] { return first.log->polls[0].load() > before + 3; }));
}

TEST("session: a row that its last opener gives up is polled no more, until one wants it again") {
  Opener first("a", {.period_ns = kMs});
  Opener second("a", {.period_ns = kMs});
  CHECK(first.session->sampler().WaitOpened(kLongNs));
  const size_t rows[] = {0};
  const size_t unknown[] = {7};
  for (Opener* opener : {&first, &second}) opener->session->Watch(rows);
  const auto& polls = first.log->polls[0];
  const auto goes_on = [&] {
    return Eventually([&, was = polls.load()] { return polls > was + 3; });
  };
  first.session->Unwatch(rows);
  first.session->Unwatch(rows);
  first.session->Unwatch(unknown);
  CHECK(goes_on());
  second.session->Unwatch(rows);
  // A poll may be under way; after that there is none.
  CHECK(Eventually([&] {
    const uint64_t was = polls.load();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return polls.load() == was;
  }));
  second.session->Watch(rows);
  CHECK(goes_on());
}

TEST("session: the driver is let go of while any session says so, or until it is closed") {
  Opener first("a", {.period_ns = kMs});
  CHECK(first.AwaitSettled());
  const auto driver = [&] {
    const auto& block = first.session->sampler().block();
    return static_cast<DriverState>(block->cells()[kBlockDriverWord].Load(Order::kAcquire));
  };
  {
    Opener second("a", {.period_ns = kMs});
    first.session->Suspend();
    first.session->Suspend();
    second.session->Suspend();
    CHECK(Eventually([&] { return driver() == DriverState::kSuspended; }));
    CHECK_EQ(first.log->closes.load(), 1u);
    first.session->Resume();
    first.session->Resume();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_EQ(driver(), DriverState::kSuspended);
  }
  CHECK(Eventually([&] { return driver() == DriverState::kServing; }));
  CHECK_EQ(first.log->opens.load(), 2u);
}

TEST("session: after a failed open the next one tries anew") {
  Opener failing("a", {.open_status = Status::Error(StatusCode::kNoPermission, "may not")});
  CHECK(failing.status.ok());
  CHECK(failing.AwaitSettled());
  CHECK_EQ(failing.session->state(), SamplerState::kFailed);
  CHECK_EQ(failing.session->status().code(), StatusCode::kNoPermission);
  Opener next("b");
  CHECK(next.status.ok());
  failing.session->Close();
  CHECK(failing.session->WaitClosed(kLongNs));
  CHECK(next.AwaitSettled());
  CHECK_EQ(next.session->state(), SamplerState::kRunning);
}

}  // namespace
}  // namespace gpuring
