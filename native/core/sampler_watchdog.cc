// The watchdog: takes the baton from a thread that hangs in the driver.
#include <algorithm>

#include "core/detached_thread.h"
#include "core/sampler_core.h"

namespace gpuring {
namespace {

// Polling threads, those that hang included. Beyond that everybody waits.
constexpr int kMostThreads = 4;
// Threads that hang in calls about the whole driver: one replacement, no more.
constexpr int kMostLibraryHangs = 1;
constexpr int64_t kLeastTakeoverNs = 5'000'000;
// Opening may take seconds where nothing keeps the driver initialised.
constexpr int64_t kOpenPatience = 5;

}  // namespace

int64_t SamplerCore::TakeoverNs() const {
  return std::min(std::max(period_ns() / 2, kLeastTakeoverNs), options_.hang_timeout_ns);
}

// The earliest time at which the baton could be taken from a thread that is in no call before
// `start_ns`.
int64_t SamplerCore::TakeoverAfterNs(int64_t start_ns) const {
  const int64_t takeover_ns = TakeoverNs();  // once: another thread may change the period
  return std::min(start_ns, INT64_MAX - takeover_ns) + takeover_ns;
}

// How long a call may take before the baton is taken from its thread.
int64_t SamplerCore::PatienceNs(Crew::Place place) const {
  if (stop_requested_.load(std::memory_order_acquire)) return 0;
  if (place == Crew::kOpening) return kOpenPatience * options_.hang_timeout_ns;
  // At the start there is nobody else yet, and devices that wake up take their time.
  const bool replaced = place != Crew::kLibrary && mode_ != Mode::kStarting &&
                        (crew_.HasSpare() || crew_.alive() < kMostThreads);
  return replaced ? TakeoverNs() : options_.hang_timeout_ns;
}

void SamplerCore::Watchdog() {
  watchdog_timer_->EnterThread();
  while (!finished_.load(std::memory_order_acquire)) {
    const int64_t next_ns = Inspect();
    if (finished_.load(std::memory_order_acquire)) return;
    watchdog_timer_->WaitUntil(next_ns);
  }
}

// Returns when to look again. A call that begins after this look is seen before its patience ends.
int64_t SamplerCore::Inspect() {
  const Crew::Sight seen = crew_.Look();
  const int64_t now_ns = clock_->MonotonicNs();
  const int64_t tick_ns = now_ns + TakeoverNs();
  if (seen.place == Crew::kIdle || seen.place == Crew::kWatched) return tick_ns;
  if (seen.place == Crew::kResting) {
    return std::max(TakeoverAfterNs(seen.start_ns), tick_ns);
  }
  // Samples grow old while nothing comes back: who decides has to look at the clock.
  if (seen.place == Crew::kVacant || now_ns - seen.start_ns >= TakeoverNs()) Block().NoteChange();
  if (seen.place != Crew::kVacant) {
    const int64_t end_ns = seen.start_ns + PatienceNs(seen.place);
    if (now_ns < end_ns) return std::min(end_ns, tick_ns);
  }
  if (crew_.Take(seen)) TakeOver(seen.place);
  return tick_ns;
}

// The watchdog has the baton here, and with it all that the polling thread had.
void SamplerCore::TakeOver(Crew::Place place) {
  if (stop_requested_.load(std::memory_order_acquire)) return Finish(Status::Ok());
  if (place != Crew::kVacant) LeaveBehind(place);
  AcceptReturned();
  if (finished_.load(std::memory_order_acquire)) return;
  MarkHung();
  if (!Hire()) crew_.HandOn(Crew::kVacant);
}

void SamplerCore::LeaveBehind(Crew::Place place) {
  if (place >= Crew::kTopology) {
    stuck_calls_++;
    if (place >= Crew::kLook) return looks_[place - Crew::kLook]->LeftBehind();
    if (place >= Crew::kRow) return rows_[place - Crew::kRow].call->LeftBehind();
    return topology_->LeftBehind();
  }
  library_hangs_.fetch_add(1, std::memory_order_relaxed);
  for (size_t row = 0; row < rows_in_use_; row++) {
    if (rows_[row].present && !rows_[row].IsSaidHung()) SayHung(row);
  }
  ReleaseSource();
  dormant_ = nullptr;
  if (mode_ == Mode::kServing || mode_ == Mode::kStarting) GoAway(0);
}

// A thread that was left behind in a call about the whole driver is back.
void SamplerCore::LeaveLibraryCall() { library_hangs_.fetch_sub(1, std::memory_order_relaxed); }

bool SamplerCore::Hire() {
  if (library_hangs_.load(std::memory_order_relaxed) > kMostLibraryHangs) return false;
  if (crew_.CallSpare()) return true;
  if (crew_.alive() >= kMostThreads) return false;
  crew_.Joined();
  const Status started = StartDetachedThread([self = shared_from_this()] {
    self->clock_->EnterThread(&self->bell_->alarm);
    self->crew_.HandOn(Crew::kIdle);
    self->Poll();
  });
  if (!started.ok()) crew_.Left();
  return started.ok();
}

}  // namespace gpuring
