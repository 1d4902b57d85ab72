// The source as a whole: opened, surveyed, lost, let go of, opened again.
#include <algorithm>
#include <array>
#include <utility>

#include "core/sampler_core.h"

namespace gpuring {
namespace {

// Pauses before the attempts to open the driver again; the last one for ever.
constexpr std::array<int64_t, 5> kBackoffNs = {250'000'000, 500'000'000, 1'000'000'000,
                                               2'000'000'000, 4'000'000'000};
constexpr int64_t kLeastSurveyPeriodNs = 50'000'000;
// How long a source that was let go of may take to be closed before life goes on without that.
constexpr int64_t kCloseWaitNs = 300'000'000;
constexpr int64_t kSuspendCheckNs = 50'000'000;
// One round may be chance.
constexpr int kUnknownRounds = 2;
// Devices that we let sleep and that do not: somebody else uses them.
constexpr int64_t kKeptAwakeNs = 10'000'000'000;

}  // namespace

int64_t SamplerCore::SurveyPeriodNs() const {
  return std::max(schedule_.period_ns(), kLeastSurveyPeriodNs);
}

// Half a period sooner than due, so that a round that is a little early need not skip one.
int64_t SamplerCore::NextSurveyNs(int64_t now_ns) const {
  return now_ns + SurveyPeriodNs() - schedule_.period_ns() / 2;
}

int64_t SamplerCore::NextBackoffNs() {
  const size_t attempt = std::min(failed_opens_++, kBackoffNs.size() - 1);
  return kBackoffNs[attempt];
}

// Whoever lets go of it last closes it, which may be a thread that hung in it.
SamplerCore::Opening SamplerCore::MakeSource() {
  Opening opening;
  opening.closed = std::make_shared<Event>();
  const auto close = [end = end_, closed = opening.closed](Source* source) {
    source->Close();
    delete source;
    closed->Set();
  };
  opening.source = std::shared_ptr<Source>(options_.make_source().release(), close);
  return opening;
}

Status SamplerCore::OpenSource(Opening* opening) {
  *opening = MakeSource();
  Source& source = *opening->source;
  if (Status opened = source.Open(); !opened.ok()) return opened;
  opening->identity = source.identity();
  opening->found = {source.devices(), source.Topology()};
  return Status::Ok();
}

// Low power: a start is no reason to wake a device. Then there are no devices yet.
bool SamplerCore::StartAsleep() {
  if (options_.idle_release_ns <= 0) return false;
  Opening opening = MakeSource();
  if (!opening.source->OpenWouldWake()) return false;
  dormant_ = std::move(opening.source);
  mode_ = Mode::kReleased;
  if (memory_ != nullptr) SetDriverState(DriverState::kReleased);
  return true;
}

bool SamplerCore::ServeAway() {
  if (clock_->MonotonicNs() < reopen_ns_) {
    Wait(reopen_ns_);
    return true;
  }
  Opening opening;
  const uint64_t word = crew_.Enter(Crew::kOpening, clock_->MonotonicNs());
  const Status opened = OpenSource(&opening);
  if (!crew_.Leave(word)) {
    LeaveLibraryCall();
    return false;
  }
  if (opened.ok()) {
    Serve(std::move(opening));
    return true;
  }
  opening = {};
  if (!driver_lost_) {
    LoseDriver(opened.code(), opened.driver_return());
  } else {
    SetAllStatus(opened.code());
    GoAway(NextBackoffNs());
  }
  return true;
}

void SamplerCore::Serve(Opening opening) {
  source_ = std::move(opening.source);
  source_closed_ = std::move(opening.closed);
  mode_ = Mode::kServing;
  {
    const std::lock_guard<std::mutex> lock(list_mutex_);
    driver_skipped_ = opening.identity.skipped_devices;
    identity_ = std::move(opening.identity);
  }
  Adopt(opening.found);
  const int64_t now_ns = clock_->MonotonicNs();
  schedule_.Restart(now_ns);
  survey_due_ns_ = NextSurveyNs(now_ns);
  serving_since_ns_ = now_ns;
  unknown_rounds_ = 0;
  SetDriverState(DriverState::kServing);
  if (std::exchange(driver_lost_, false)) NoteEvent(EventKind::kDriverRestored, kNoRow, 0);
  listener_->SetSource(source_);
}

bool SamplerCore::Survey() {
  bell_->survey_wanted.store(false, std::memory_order_relaxed);
  survey_due_ns_ = NextSurveyNs(clock_->MonotonicNs());
  std::shared_ptr<Source> source = source_;
  DeviceTable::Found found;
  bool changed = false;
  const uint64_t word = crew_.Enter(Crew::kLibrary, clock_->MonotonicNs());
  const Status surveyed = source->Survey(&changed);
  if (surveyed.ok() && changed) found = {source->devices(), source->Topology()};
  source = nullptr;
  if (!crew_.Leave(word)) {
    LeaveLibraryCall();
    return false;
  }
  if (IsLibraryFailure(surveyed.code())) {
    LoseDriver(surveyed.code(), surveyed.driver_return());
  } else if (surveyed.ok() && changed) {
    Adopt(found);
  }
  return true;
}

void SamplerCore::Adopt(const DeviceTable::Found& found) {
  const bool first = rows_in_use_ == 0 && serving_since_ns_ == 0;
  std::vector<DeviceChange> changes;
  std::shared_ptr<const DeviceList> list = table_.Update(found, &changes);
  for (size_t slot = 0; slot < Source::kSlots; slot++) listener_->SetRow(slot, SIZE_MAX);
  for (const DeviceEntry& entry : list->devices) {
    if (entry.present) AdoptRow(entry);
  }
  rows_in_use_.store(table_.rows_in_use(), std::memory_order_release);
  StoreHeader(kBlockRowsWord, table_.rows_in_use());
  const uint64_t generation = list->generation;
  {
    const std::lock_guard<std::mutex> lock(list_mutex_);
    list_ = std::move(list);
    identity_.skipped_devices = driver_skipped_ + table_.left_out();
  }
  StoreHeader(kBlockDevicesWord, generation);
  for (const DeviceChange& change : changes) {
    if (!first) NoteChange(change);
  }
}

void SamplerCore::AdoptRow(const DeviceEntry& entry) {
  DeviceRow& row = rows_[entry.row];
  if (row.slot != entry.identity.slot || row.call == nullptr) row.Detach();
  row.slot = entry.identity.slot;
  if (row.book == nullptr) row.book = std::make_unique<ReportBook>();
  if (!std::exchange(row.present, true)) {
    row.busy_ns = clock_->MonotonicNs();
    for (WorkSchedule& work : row.works) work = WorkSchedule(entry.row);
  }
  // Without memory the device has no history, and all else.
  (void)store_.AddRow(entry.row, CurrentPace());
  if (row.slot < Source::kSlots) listener_->SetRow(row.slot, entry.row);
}

void SamplerCore::NoteChange(const DeviceChange& change) {
  DeviceRow& row = rows_[change.row];
  const bool gone =
      change.kind == EventKind::kDeviceLost || change.kind == EventKind::kDeviceRemoved;
  const bool said = change.kind == EventKind::kDeviceLost && row.lost;
  row.lost = gone;
  if (gone) {
    row.present = false;
    WriteStatus(change.row, StatusCode::kDeviceLost);
  }
  if (change.kind == EventKind::kDeviceRemoved) store_.DropRow(change.row);
  if (!said) NoteEvent(change.kind, static_cast<int64_t>(change.row), 0);
}

void SamplerCore::LoseDriver(StatusCode code, uint32_t driver_return) {
  if (mode_ != Mode::kServing && mode_ != Mode::kAway) return;
  if (!std::exchange(driver_lost_, true)) {
    NoteEvent(EventKind::kDriverLost, kNoRow, driver_return);
  }
  SetDriverState(DriverState::kLost);
  SetAllStatus(code);
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
  if (source_ == nullptr) return;
  listener_->SetSource(nullptr);
  source_ = nullptr;
  const bool held = stuck_calls_ > 0 || library_hangs_.load(std::memory_order_relaxed) > 0;
  for (DeviceRow& row : rows_) {
    if (row.call != nullptr) row.Detach();
  }
  stuck_calls_ = 0;
  // Opening beside one that is not closed yet would be misuse, unless a thread hangs in that.
  if (!held) (void)source_closed_->WaitUntil(MonotonicNowNs() + kCloseWaitNs);
}

void SamplerCore::SetDriverState(DriverState state) {
  StoreHeader(kBlockDriverWord, static_cast<uint64_t>(state));
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
  if (SuspensionWanted() == (mode_ == Mode::kSuspended)) return;
  const int64_t now_ns = clock_->MonotonicNs();
  if (mode_ == Mode::kSuspended) {
    mode_ = Mode::kAway;
    reopen_ns_ = now_ns;
    NoteEvent(EventKind::kResumed, kNoRow, 0);
    return;
  }
  ReleaseSource();
  dormant_ = nullptr;
  mode_ = Mode::kSuspended;
  SetAllStatus(StatusCode::kSuspended);
}

// Says so once the driver was really let go of.
bool SamplerCore::ServeSuspended() {
  constexpr auto kSaid = static_cast<uint64_t>(DriverState::kSuspended);
  const bool said = Block().LoadHeader(kBlockDriverWord) == kSaid;
  const bool closed = source_closed_ == nullptr || source_closed_->IsSet();
  if (!said && closed) {
    SetDriverState(DriverState::kSuspended);
    NoteEvent(EventKind::kSuspended, kNoRow, 0);
  }
  Wait(said || closed ? INT64_MAX : clock_->MonotonicNs() + kSuspendCheckNs);
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
  std::shared_ptr<Source> dormant = dormant_ != nullptr ? dormant_ : MakeSource().source;
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
