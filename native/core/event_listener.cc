#include "core/event_listener.h"

#include <algorithm>
#include <utility>

namespace gpuring {
namespace {

constexpr int64_t kShortestPauseNs = 10'000'000;
constexpr int64_t kLongestPauseNs = 1'000'000'000;

bool TellsOfDevices(EventKind kind) {
  return kind == EventKind::kMigConfiguration || kind == EventKind::kUnavailable;
}

}  // namespace

EventListener::EventListener(std::shared_ptr<EventDesk> desk, std::shared_ptr<Clock> clock)
    : desk_(std::move(desk)), clock_(std::move(clock)) {
  devices_.fill(kNoDevice);
}

void EventListener::AskAfter(int64_t soonest_ns, int64_t latest_ns) {
  soonest_ns_ = soonest_ns;
  latest_ns_ = latest_ns;
}

void EventListener::Begin() {
  pause_ns_ = 0;
  AskAfter(0, 0);
}

void EventListener::End() {
  Flush(INT64_MAX);
  pending_count_ = 0;
  flush_ns_ = INT64_MAX;
  AskAfter(INT64_MAX, INT64_MAX);
}

void EventListener::Hangs() { AskAfter(INT64_MAX, INT64_MAX); }

int64_t EventListener::DueNs() const { return std::min(latest_ns_, flush_ns_); }

bool EventListener::Accept(const EventCall& call) {
  const int64_t now_ns = clock_->MonotonicNs();
  if (call.code == StatusCode::kOk || call.code == StatusCode::kTimeout) {
    pause_ns_ = 0;
    const bool came = call.code == StatusCode::kOk;
    AskAfter(came ? now_ns : now_ns + kLeastPeriodNs, came ? now_ns : now_ns + kMostPeriodNs);
    if (came) Take(call.event, now_ns);
    return came && TellsOfDevices(call.event.kind);
  }
  pause_ns_ = std::clamp(2 * pause_ns_, kShortestPauseNs, kLongestPauseNs);
  const bool never = call.code == StatusCode::kNotSupported;
  const int64_t again_ns = never ? INT64_MAX : now_ns + pause_ns_;
  AskAfter(again_ns, again_ns);
  return false;
}

void EventListener::Take(const SourceEvent& event, int64_t now_ns) {
  const int64_t device = event.slot < devices_.size() ? devices_[event.slot] : kNoDevice;
  const auto kind = static_cast<uint64_t>(event.kind);
  const auto pending = std::span(pending_).first(pending_count_);
  const auto equal = std::ranges::find_if(pending, [&](const Pending& one) {
    return one.event.kind == kind && one.event.device == device && one.event.code == event.code;
  });
  const Pending fresh = {{0, now_ns, clock_->WallUs(), kind, device, event.code, 1},
                         now_ns + kTogetherNs};
  if (equal != pending.end()) {
    equal->event.count++;
    return;
  }
  flush_ns_ = std::min(flush_ns_, fresh.due_ns);
  if (pending_count_ < kMostPending) {
    desk_->Note(fresh.event);
    pending_[pending_count_] = fresh;
    pending_[pending_count_++].event.count = 0;
  } else if (dropped_.event.kind == 0) {
    dropped_ = fresh;
    dropped_.event.kind = static_cast<uint64_t>(EventKind::kEventsDropped);
    dropped_.event.device = kNoDevice;
    dropped_.event.code = 0;
  } else {
    dropped_.event.count++;
  }
}

// What followed is noted as one, and what comes next is together again.
void EventListener::Flush(int64_t now_ns) {
  if (now_ns < flush_ns_) return;
  flush_ns_ = INT64_MAX;
  const int64_t noted_ns = clock_->MonotonicNs();
  size_t kept = 0;
  for (size_t at = 0; at < pending_count_; at++) {
    Pending& one = pending_[at];
    const bool due = now_ns >= one.due_ns;
    if (due && one.event.count == 0) continue;
    if (due) {
      one.event.monotonic_ns = noted_ns;
      one.event.wall_us = clock_->WallUs();
      desk_->Note(one.event);
      one.event.count = 0;
      one.due_ns = noted_ns + kTogetherNs;
    }
    flush_ns_ = std::min(flush_ns_, one.due_ns);
    pending_[kept++] = one;
  }
  pending_count_ = kept;
  if (dropped_.event.kind == 0) return;
  if (now_ns < dropped_.due_ns) {
    flush_ns_ = std::min(flush_ns_, dropped_.due_ns);
    return;
  }
  desk_->Note(dropped_.event);
  dropped_ = Pending{};
}

}  // namespace gpuring
