#include "core/session.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace gpuring {
namespace {

// What the process samples now. A share's period is kept so that the pace can slow down again.
struct Shared {
  std::mutex mutex;
  std::string key;
  std::shared_ptr<Sampler> sampler;
  std::vector<int64_t> periods_ns;
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

}  // namespace

Status Session::Open(const SessionOptions& options, std::unique_ptr<Session>* session) {
  Shared& shared = TheShared();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  if (shared.sampler != nullptr && IsOver(*shared.sampler)) shared.sampler = nullptr;
  if (shared.sampler == nullptr) {
    shared.key = options.key;
    shared.periods_ns.clear();
    shared.sampler =
        Sampler::Start(options.make_source(), std::make_shared<RealClock>(),
                       {options.period_ns, options.history_samples, options.memory_limit_bytes});
  } else if (shared.key != options.key) {
    return Status::Error(StatusCode::kAlreadyOpen,
                         "this process already samples another driver library or scenario",
                         "shut the other manager down first; a process samples one driver");
  } else if (Status grown = shared.sampler->GrowHistory(options.history_samples); !grown.ok()) {
    return grown;
  }
  shared.periods_ns.push_back(options.period_ns);
  shared.sampler->SetPeriodNs(*std::ranges::min_element(shared.periods_ns));
  session->reset(new Session(shared.sampler, options.period_ns));
  return Status::Ok();
}

void Session::Watch(std::span<const size_t> rows) {
  sampler_->Watch(rows);
  watched_.insert(watched_.end(), rows.begin(), rows.end());
}

void Session::Close() {
  if (std::exchange(closed_, true)) return;
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
    sampler_->RequestStop();
    shared.sampler = nullptr;
  } else {
    sampler_->SetPeriodNs(*std::ranges::min_element(shared.periods_ns));
  }
}

bool Session::WaitClosed(int64_t timeout_ns) { return !last_ || sampler_->WaitStopped(timeout_ns); }

}  // namespace gpuring
