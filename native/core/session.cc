#include "core/session.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace gpuring {
namespace {

// A sampler that was asked to stop; it may hang in the driver for good.
struct Ending {
  std::string key;
  bool was_opening;
  std::shared_ptr<Event> stopped;
};

// What the process samples now. A share's period is kept so that the pace can slow down again.
struct Shared {
  std::mutex mutex;
  std::string key;
  std::shared_ptr<Sampler> sampler;
  std::vector<int64_t> periods_ns;
  std::vector<Ending> ending;
};

// Never destroyed: static destructors run while the sampler's thread still lives.
Shared& TheShared() {
  static Shared* const shared = new Shared;
  return *shared;
}

bool IsOver(const Sampler& sampler) {
  const SamplerState state = sampler.state();
  return state == SamplerState::kFailed || state == SamplerState::kStopped;
}

// Whoever wants more history asks for it once the sampler runs, so that one opener's wish can
// neither fail another's open nor be taken for granted.
constexpr uint64_t kHistoryAtStart = 1;

SamplerOptions SamplerOptionsOf(const SessionOptions& options) {
  SamplerOptions sampler;
  sampler.make_source = options.make_source;
  sampler.period_ns = options.period_ns;
  sampler.history_samples = kHistoryAtStart;
  sampler.memory_limit_bytes = options.memory_limit_bytes;
  if (options.hang_timeout_ns > 0) sampler.hang_timeout_ns = options.hang_timeout_ns;
  sampler.idle_release_ns = options.idle_release_ns;
  sampler.index_maker = options.index_maker;
  return sampler;
}

// REQUIRES: the mutex is held, `shared.sampler` is set.
void StopShared(Shared* shared) {
  std::erase_if(shared->ending, [](const Ending& one) { return one.stopped->IsSet(); });
  const bool was_opening = shared->sampler->state() == SamplerState::kOpening;
  shared->ending.push_back({shared->key, was_opening, shared->sampler->stopped()});
  shared->sampler->RequestStop();
  shared->sampler = nullptr;
}

// Opens that were given up and have not come back from the driver. Whoever tries again and again
// must not leave a thread in it each time.
constexpr int64_t kMostLeftOpening = 2;

// REQUIRES: the mutex is held.
Status RefuseToPileUp(const Shared& shared, const std::string& key) {
  const int64_t left = std::ranges::count_if(shared.ending, [&key](const Ending& one) {
    return one.key == key && one.was_opening && !one.stopped->IsSet();
  });
  if (left < kMostLeftOpening) return Status::Ok();
  return Status::Error(StatusCode::kTimeout, "earlier opens still hang in the driver",
                       "see whether nvidia-smi answers, and open again once it does");
}

}  // namespace

Status Session::Open(const SessionOptions& options, std::unique_ptr<Session>* session) {
  Shared& shared = TheShared();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  if (shared.sampler != nullptr && IsOver(*shared.sampler)) StopShared(&shared);
  if (shared.sampler == nullptr) {
    if (Status refused = RefuseToPileUp(shared, options.key); !refused.ok()) return refused;
    shared.key = options.key;
    shared.periods_ns.clear();
    shared.sampler = Sampler::Start(std::make_shared<RealClock>(), SamplerOptionsOf(options));
  } else if (shared.key != options.key) {
    return Status::Error(StatusCode::kAlreadyOpen,
                         "this process already samples another driver library or scenario",
                         "shut the other manager down first; a process samples one driver");
  }
  shared.periods_ns.push_back(options.period_ns);
  shared.sampler->SetPeriodNs(*std::ranges::min_element(shared.periods_ns));
  session->reset(new Session(shared.sampler, options));
  return Status::Ok();
}

bool Session::WaitAllEnded(int64_t deadline_ns) {
  Shared& shared = TheShared();
  std::vector<Ending> ending;
  {
    const std::lock_guard<std::mutex> lock(shared.mutex);
    ending = shared.ending;
  }
  return std::ranges::all_of(
      ending, [deadline_ns](const Ending& one) { return one.stopped->WaitUntil(deadline_ns); });
}

SamplerState Session::state() {
  if (!refused_.ok()) return SamplerState::kFailed;
  const SamplerState state = sampler_->state();
  if (state != SamplerState::kRunning) return state;
  // Once: a device that comes later may find less room, and is no reason to fail.
  had_room_ = had_room_ || sampler_->HistoryCapacity() >= history_samples_;
  if (had_room_) return state;
  refused_ = sampler_->GrowHistory(history_samples_);
  return refused_.ok() ? SamplerState::kOpening : SamplerState::kFailed;
}

Status Session::status() const { return refused_.ok() ? sampler_->status() : refused_; }

void Session::Watch(std::span<const size_t> rows) {
  if (closed_) return;
  const size_t watched_before = watched_.size();
  for (const size_t row : rows) {
    const bool watched = std::ranges::find(watched_, row) != watched_.end();
    if (!watched && sampler_->HasRow(row)) watched_.push_back(row);
  }
  sampler_->Watch(std::span(watched_).subspan(watched_before));
}

void Session::Unwatch(std::span<const size_t> rows) {
  for (const size_t row : rows) {
    const auto watched = std::ranges::find(watched_, row);
    if (closed_ || watched == watched_.end()) continue;
    watched_.erase(watched);
    sampler_->Unwatch({&row, 1});
  }
}

void Session::Suspend() {
  if (!closed_ && !std::exchange(suspended_, true)) sampler_->Suspend();
}

void Session::Resume() {
  if (std::exchange(suspended_, false)) sampler_->Resume();
}

LedgerShare& Session::ledger() {
  if (ledger_ == nullptr) {
    ledger_ = std::make_unique<LedgerShare>(sampler_->block(), Sampler::kLayout);
    if (closed_) ledger_->Free();
  }
  return *ledger_;
}

void Session::Close() {
  if (std::exchange(closed_, true)) return;
  if (ledger_ != nullptr) ledger_->Free();
  Resume();
  sampler_->Unwatch(watched_);
  Shared& shared = TheShared();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  if (shared.sampler != sampler_) {  // it failed and was replaced: nobody is left to pace
    last_ = true;
    return;
  }
  shared.periods_ns.erase(std::ranges::find(shared.periods_ns, period_ns_));
  if (shared.periods_ns.empty()) {
    last_ = true;
    StopShared(&shared);
  } else {
    sampler_->SetPeriodNs(*std::ranges::min_element(shared.periods_ns));
  }
}

bool Session::WaitClosed(int64_t timeout_ns) { return !last_ || sampler_->WaitStopped(timeout_ns); }

}  // namespace gpuring
