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
};

struct Opener {
  explicit Opener(const char* key, Wish wish = {}) {
    options.key = key;
    options.period_ns = wish.period_ns;
    options.history_samples = wish.history_samples;
    options.memory_limit_bytes = 1 << 20;
    options.make_source = [this] {
      made++;
      auto source = std::make_unique<MemorySource>(MemoryScript{.devices = {Device({Answer(7)})}});
      log = source->log();
      return source;
    };
    status = Session::Open(options, &session);
  }

  SessionOptions options;
  int made = 0;
  std::shared_ptr<MemoryLog> log;
  Status status;
  std::unique_ptr<Session> session;
};

TEST("session: openers of the same key share a sampler, the last to close ends it") {
  Opener first("a");
  Opener second("a");
  CHECK_EQ(first.made, 1);
  CHECK_EQ(second.made, 0);
  CHECK(&first.session->sampler() == &second.session->sampler());
  CHECK(first.session->sampler().WaitOpened(kLongNs));
  first.session->Close();
  first.session->Close();
  CHECK(first.session->WaitClosed(0));
  CHECK_EQ(second.session->sampler().state(), SamplerState::kRunning);
  second.session->Close();
  CHECK(second.session->WaitClosed(kLongNs));
  CHECK_EQ(second.session->sampler().state(), SamplerState::kStopped);
  CHECK_EQ(first.log->closes.load(), 1u);
}

TEST("session: another key is refused while one is open, and welcome afterwards") {
  Opener first("a");
  Opener refused("b");
  CHECK_EQ(refused.status.code(), StatusCode::kAlreadyOpen);
  CHECK(refused.session == nullptr);
  CHECK_EQ(refused.made, 0);
  first.session->Close();
  CHECK(first.session->WaitClosed(kLongNs));
  Opener next("b");
  CHECK(next.status.ok());
  CHECK_EQ(next.made, 1);
}

TEST("session: the shortest period and the longest history win, while their openers stay") {
  Opener slow("a", {.period_ns = 50 * kMs, .history_samples = 5});
  Sampler& sampler = slow.session->sampler();
  CHECK(sampler.WaitOpened(kLongNs));
  {
    Opener fast("a", {.period_ns = 5 * kMs, .history_samples = 500});
    CHECK_EQ(sampler.period_ns(), 5 * kMs);
    CHECK(Eventually([&] { return sampler.HistoryCapacity() == 500; }));
  }
  CHECK_EQ(sampler.period_ns(), 50 * kMs);
}

TEST("session: a history beyond the limit is refused and leaves the others alone") {
  Opener first("a");
  CHECK(first.session->sampler().WaitOpened(kLongNs));
  Opener greedy("a", {.history_samples = 1'000'000});
  CHECK_EQ(greedy.status.code(), StatusCode::kOutOfRange);
  CHECK_EQ(first.session->sampler().HistoryCapacity(), 10u);
  CHECK_EQ(first.session->sampler().state(), SamplerState::kRunning);
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

TEST("session: after a failed open the next one tries anew") {
  Opener failing("a", {.history_samples = 1'000'000});
  CHECK(failing.status.ok());
  CHECK(failing.session->sampler().WaitStopped(kLongNs));
  CHECK_EQ(failing.session->sampler().status().code(), StatusCode::kOutOfRange);
  Opener next("b");
  CHECK(next.status.ok());
  CHECK_EQ(next.made, 1);
  failing.session->Close();
  CHECK(failing.session->WaitClosed(0));
  CHECK(next.session->sampler().WaitOpened(kLongNs));
  CHECK_EQ(next.session->sampler().state(), SamplerState::kRunning);
}

}  // namespace
}  // namespace gpuring
