#include "core/event_listener.h"

#include <algorithm>
#include <utility>

namespace gpuring {
namespace {

// Also how long a change of the source may take to be noticed: less than a process waits at exit.
constexpr int64_t kWaitNs = 50'000'000;
constexpr int64_t kFlushNs = 50'000'000;
constexpr int64_t kShortestPauseNs = 10'000'000;
constexpr int64_t kLongestPauseNs = 1'000'000'000;

bool TellsOfDevices(EventKind kind) {
  return kind == EventKind::kMigConfiguration || kind == EventKind::kUnavailable;
}

}  // namespace

EventListener::EventListener(std::shared_ptr<EventDesk> desk, std::shared_ptr<Clock> clock,
                             std::function<void()> on_devices_change)
    : desk_(std::move(desk)),
      clock_(std::move(clock)),
      on_devices_change_(std::move(on_devices_change)) {
  for (auto& device : devices_) device.store(kNoDevice, std::memory_order_relaxed);
}

void EventListener::SetSource(std::shared_ptr<Source> source) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    source_.swap(source);
  }
  changed_.Set();
}

void EventListener::RequestStop() {
  stop_.store(true, std::memory_order_relaxed);
  SetSource(nullptr);
}

void EventListener::Run() {
  while (!stop_.load(std::memory_order_relaxed)) {
    SourceEvent event;
    const StatusCode waited = WaitOnce(&event);
    if (waited == StatusCode::kOk) Take(event);
    Flush(clock_->MonotonicNs());
    Pause(waited);
  }
}

// kTimeout without a source as well, after as long. Its share of the source ends with it.
StatusCode EventListener::WaitOnce(SourceEvent* event) {
  std::shared_ptr<Source> source;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    source = source_;
  }
  const bool flushes = pending_count_ > 0;
  if (source != nullptr) return source->WaitEvent(flushes ? kFlushNs : kWaitNs, event).code();
  // Nothing can come: long waits, unless something is to be flushed.
  const int64_t wait = flushes ? kFlushNs : kLongestPauseNs;
  changed_.WaitUntil(MonotonicNowNs() + wait);
  changed_.TakeIfSet();
  return StatusCode::kTimeout;
}

// Real time: it protects the machine, whatever clock the sampler goes by.
void EventListener::Pause(StatusCode waited) {
  if (waited == StatusCode::kOk || waited == StatusCode::kTimeout) {
    pause_ns_ = 0;
    return;
  }
  const bool never = waited == StatusCode::kNotSupported && pending_count_ == 0;
  pause_ns_ = std::clamp(2 * pause_ns_, kShortestPauseNs, kLongestPauseNs);
  changed_.WaitUntil(never ? INT64_MAX : MonotonicNowNs() + pause_ns_);
  changed_.TakeIfSet();
}

void EventListener::Take(const SourceEvent& event) {
  const int64_t device = event.slot < devices_.size()
                             ? devices_[event.slot].load(std::memory_order_relaxed)
                             : kNoDevice;
  const auto kind = static_cast<uint64_t>(event.kind);
  const int64_t now_ns = clock_->MonotonicNs();
  const auto pending = std::span(pending_).first(pending_count_);
  const auto equal = std::ranges::find_if(pending, [&](const Pending& one) {
    return one.event.kind == kind && one.event.device == device && one.event.code == event.code;
  });
  const Pending fresh = {{0, now_ns, clock_->WallUs(), kind, device, event.code, 1},
                         now_ns + kTogetherNs};
  if (equal != pending.end()) {
    equal->event.count++;
  } else if (pending_count_ < kMostPending) {
    desk_->Note(fresh.event);
    pending_[pending_count_] = fresh;
    pending_[pending_count_++].event.count = 0;
    if (TellsOfDevices(event.kind)) on_devices_change_();
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
  size_t kept = 0;
  for (size_t at = 0; at < pending_count_; at++) {
    Pending& one = pending_[at];
    const bool due = now_ns >= one.due_ns;
    if (due && one.event.count == 0) continue;
    if (due) {
      one.event.monotonic_ns = now_ns;
      one.event.wall_us = clock_->WallUs();
      desk_->Note(one.event);
      one.event.count = 0;
      one.due_ns = now_ns + kTogetherNs;
    }
    pending_[kept++] = one;
  }
  pending_count_ = kept;
  if (dropped_.event.kind == 0 || now_ns < dropped_.due_ns) return;
  desk_->Note(dropped_.event);
  dropped_ = Pending{};
}

}  // namespace gpuring
