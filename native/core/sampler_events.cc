// The driver's events: asked for between rounds, by whoever polls.
#include <algorithm>

#include "core/sampler_core.h"

namespace gpuring {
namespace {

// In a storm others get their turn.
constexpr int64_t kLongestLookNs = 5'000'000;

}  // namespace

// REQUIRES: it serves.
void SamplerCore::ListenToSource() {
  event_call_ = std::make_shared<EventCall>();
  listener_.Begin();
}

void SamplerCore::LetGoOfEvents() {
  event_call_ = nullptr;
  listener_.End();
}

// At least one event, and others if they have come.
bool SamplerCore::TakeEvents() {
  int64_t now_ns = clock_->MonotonicNs();
  const int64_t end_ns = now_ns + std::min(kLongestLookNs, schedule_.period_ns() / 8);
  listener_.Flush(now_ns);
  bool asks = mode_ == Mode::kServing && listener_.AsksNow(now_ns, schedule_.next_ns());
  while (asks && !stop_requested_.load(std::memory_order_relaxed)) {
    if (!AskForEvent()) return false;
    now_ns = clock_->MonotonicNs();
    asks = event_call_->code == StatusCode::kOk && now_ns < end_ns;
  }
  return true;
}

bool SamplerCore::AskForEvent() {
  const std::shared_ptr<EventCall> call = event_call_;
  std::shared_ptr<Source> source = source_;
  call->start_ns = clock_->MonotonicNs();
  const uint64_t word = crew_.Enter(Crew::kEvents, call->start_ns);
  call->code = source->NextEvent(&call->event).code();
  source = nullptr;
  if (!crew_.Leave(word)) {
    call->Return();
    bell_->Ring();
    return false;
  }
  AcceptEvent();
  return true;
}

void SamplerCore::AcceptEvent() {
  if (listener_.Accept(*event_call_)) bell_->survey_wanted.store(true, std::memory_order_relaxed);
}

}  // namespace gpuring
