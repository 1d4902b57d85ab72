// The source as a whole: opened, lost, let go of, opened again.
#include <algorithm>
#include <array>
#include <utility>

#include "core/detached_thread.h"
#include "core/sampler_core.h"

namespace gpuring {
namespace {

// Pauses before the attempts to open the driver again; the last one for ever.
constexpr std::array<int64_t, 5> kBackoffNs = {250'000'000, 500'000'000, 1'000'000'000,
                                               2'000'000'000, 4'000'000'000};
// How long a source that was let go of may take to be closed before life goes on without that.
constexpr int64_t kCloseWaitNs = 300'000'000;
constexpr int64_t kSuspendCheckNs = 50'000'000;
// One round may be chance.
constexpr int kUnknownRounds = 2;
// Devices that we let sleep and that do not: somebody else uses them.
constexpr int64_t kKeptAwakeNs = 10'000'000'000;

}  // namespace

int64_t SamplerCore::NextBackoffNs() {
  const size_t attempt = std::min(failed_opens_++, kBackoffNs.size() - 1);
  return kBackoffNs[attempt];
}

// Whoever lets go of it last has it closed, on a thread of its own: that may hang as well.
SamplerCore::Opening SamplerCore::MakeSource() {
  Opening opening;
  opening.closed = std::make_shared<Event>();
  const auto close = [end = end_, closed = opening.closed](Source* source) {
    const auto body = [end, closed, source] {
      source->Close();
      delete source;
      closed->Set();
    };
    if (!StartDetachedThread(body).ok()) body();
  };
  opening.source = std::shared_ptr<Source>(options_.make_source().release(), close);
  return opening;
}

// Low power: a start is no reason to wake a device. Then there are no devices yet.
bool SamplerCore::StartAsleep() {
  if (options_.idle_release_ns <= 0) return false;
  Opening opening = MakeSource();
  if (!opening.source->OpenWouldWake()) return false;
  (void)store_.Begin(HistorySamples(), 0, CurrentPace());
  dormant_ = std::move(opening.source);
  mode_ = Mode::kReleased;
  SetDriverState(DriverState::kReleased);
  return true;
}

bool SamplerCore::ServeAway() {
  if (clock_->MonotonicNs() < reopen_ns_) {
    Wait(reopen_ns_);
    return true;
  }
  Opening opening = MakeSource();
  const uint64_t word = crew_.Enter(Crew::kOpening, clock_->MonotonicNs());
  const Status connected = opening.source->Connect();
  if (!crew_.Leave(word)) {
    LeaveLibraryCall();
    return false;
  }
  if (!connected.ok()) return FailStart(connected);
  source_ = std::move(opening.source);
  source_closed_ = std::move(opening.closed);
  survey_ = {};
  mode_ = Mode::kStarting;
  return true;
}

// The first time it is the end; later on it is tried again.
bool SamplerCore::FailStart(const Status& status) {
  if (!IsRunning()) {
    Finish(status);
    return false;
  }
  if (driver_lost_) {
    SetAllStatus(status.code());
    SetDriverState(DriverState::kLost);
    GoAway(NextBackoffNs());
  } else {
    LoseDriver(status.code(), status.driver_return());
  }
  return true;
}

// With what the first survey found.
bool SamplerCore::Serve() {
  const bool first = !IsRunning();
  if (first) {
    const size_t devices = std::min(found_.devices.size(), Sampler::kRows);
    if (Status fits = store_.Begin(HistorySamples(), devices, CurrentPace()); !fits.ok()) {
      return FailStart(fits);
    }
  }
  mode_ = Mode::kServing;
  SetDriverState(DriverState::kServing);
  if (std::exchange(driver_lost_, false)) NoteEvent(EventKind::kDriverRestored, 0);
  (void)Adopt(std::exchange(found_, {}));
  const int64_t now_ns = clock_->MonotonicNs();
  schedule_.Restart(now_ns);
  survey_due_ns_ = NextSurveyNs(now_ns);
  serving_since_ns_ = now_ns;
  unknown_rounds_ = 0;
  listener_->SetSource(source_);
  if (first) BecomeRunning();
  return true;
}

void SamplerCore::LoseDriver(StatusCode code, uint32_t driver_return) {
  if (mode_ == Mode::kSuspended || mode_ == Mode::kReleased) return;
  if (!std::exchange(driver_lost_, true)) {
    NoteEvent(EventKind::kDriverLost, driver_return);
  }
  SetAllStatus(code);  // first: who sees that the driver is lost finds no device that is well
  SetDriverState(DriverState::kLost);
  GoAway(NextBackoffNs());
}

void SamplerCore::GoAway(int64_t after_ns) {
  ReleaseSource();
  mode_ = Mode::kAway;
  reopen_ns_ = clock_->MonotonicNs() + after_ns;
}

// "Unknown error" from all of them is what a container says whose devices were taken from it, and
// what an old handle says after an upgrade. Opening again helps in some of these cases.
void SamplerCore::GoAwayWhenAllUnknown() {
  const bool all = round_.asked > 0 && round_.unknown == round_.asked;
  unknown_rounds_ = all ? unknown_rounds_ + 1 : 0;
  if (unknown_rounds_ >= kUnknownRounds && mode_ == Mode::kServing) GoAway(NextBackoffNs());
}

void SamplerCore::ReleaseSource() {
  round_.phase = Phase::kNone;
  survey_ = {};
  found_ = {};
  if (source_ == nullptr) return;
  listener_->SetSource(nullptr);
  source_ = nullptr;
  const bool held = stuck_calls_ > 0 || library_hangs_.load(std::memory_order_relaxed) > 0;
  for (DeviceRow& row : rows_) {
    if (row.call != nullptr) row.Detach();
  }
  for (std::shared_ptr<LookCall>& look : looks_) {
    if (look != nullptr && !look->IsFree()) look = nullptr;
  }
  topology_ = nullptr;
  stuck_calls_ = 0;
  // Opening beside one that is not closed yet would be misuse, unless a thread hangs in that.
  if (!held) (void)source_closed_->WaitUntil(MonotonicNowNs() + kCloseWaitNs);
}

void SamplerCore::SetDriverState(DriverState state) {
  AnnounceHeader(kBlockDriverWord, static_cast<uint64_t>(state));
}

void SamplerCore::SetAllStatus(StatusCode code) {
  for (size_t row = 0; row < rows_in_use_; row++) {
    if (rows_[row].present) WriteStatus(row, code);
  }
}

bool SamplerCore::SuspensionWanted() const {
  return suspensions_.load(std::memory_order_relaxed) > 0;
}

void SamplerCore::ServeSuspension() {
  if (SuspensionWanted() == (mode_ == Mode::kSuspended) || !IsRunning()) return;
  if (mode_ == Mode::kSuspended) {
    if (std::exchange(suspension_said_, false)) NoteEvent(EventKind::kResumed, 0);
    if (StartAsleep()) return SetAllStatus(StatusCode::kDeviceAsleep);
    mode_ = Mode::kAway;
    reopen_ns_ = clock_->MonotonicNs();
    return;
  }
  ReleaseSource();
  dormant_ = nullptr;
  mode_ = Mode::kSuspended;
  SetAllStatus(StatusCode::kSuspended);
}

// Says so once the driver was really let go of.
bool SamplerCore::ServeSuspended() {
  const bool closed = source_closed_ == nullptr || source_closed_->IsSet();
  if (!suspension_said_ && closed) {
    suspension_said_ = true;
    SetDriverState(DriverState::kSuspended);
    NoteEvent(EventKind::kSuspended, 0);
  }
  Wait(closed ? INT64_MAX : clock_->MonotonicNs() + kSuspendCheckNs);
  return true;
}

void SamplerCore::ReleaseWhenIdle() {
  if (options_.idle_release_ns <= 0 || mode_ != Mode::kServing) return;
  int64_t busy_ns = serving_since_ns_;
  for (size_t row = 0; row < rows_in_use_; row++) {
    if (rows_[row].IsWatched()) busy_ns = std::max(busy_ns, rows_[row].busy_ns);
  }
  if (clock_->MonotonicNs() - busy_ns < options_.idle_release_ns) return;
  ReleaseSource();
  dormant_ = MakeSource().source;
  mode_ = Mode::kReleased;
  awake_since_ns_ = -1;
  SetAllStatus(StatusCode::kDeviceAsleep);
  SetDriverState(DriverState::kReleased);
}

bool SamplerCore::ServeReleased() {
  if (dormant_ == nullptr) dormant_ = MakeSource().source;
  std::shared_ptr<Source> dormant = dormant_;
  const int64_t now_ns = clock_->MonotonicNs();
  const uint64_t word = crew_.Enter(Crew::kLibrary, now_ns);
  const bool asleep = dormant->OpenWouldWake();
  if (!crew_.Leave(word)) {
    LeaveLibraryCall();
    return false;
  }
  if (asleep) {
    awake_since_ns_ = -1;
  } else if (awake_since_ns_ < 0) {
    awake_since_ns_ = now_ns;
  }
  if (!asleep && now_ns - awake_since_ns_ >= kKeptAwakeNs) {
    dormant_ = nullptr;
    mode_ = Mode::kAway;
    reopen_ns_ = now_ns;
    return true;
  }
  Wait(now_ns + SurveyPeriodNs());
  return true;
}

}  // namespace gpuring
