// Surveys: which devices are there. One call at a time, each about one place, so that one that does
// not come back stands in nobody else's way; a round that is due comes first.
#include <algorithm>
#include <array>
#include <utility>

#include "core/sampler_core.h"

namespace gpuring {
namespace {

constexpr int64_t kLeastSurveyPeriodNs = 50'000'000;

}  // namespace

int64_t SamplerCore::SurveyPeriodNs() const {
  return std::max(schedule_.period_ns(), kLeastSurveyPeriodNs);
}

// Half a period sooner than due, so that a round that is a little early need not skip one.
int64_t SamplerCore::NextSurveyNs(int64_t now_ns) const {
  return now_ns + SurveyPeriodNs() - schedule_.period_ns() / 2;
}

bool SamplerCore::SurveyWanted() const {
  return survey_.stage != Stage::kNone || bell_->survey_wanted.load(std::memory_order_relaxed);
}

// At least one step; what is left at `until_ns` is done another time.
bool SamplerCore::Survey(int64_t until_ns) {
  do {
    if (!SurveyStep()) return false;
    if (mode_ != Mode::kServing && mode_ != Mode::kStarting) return true;
  } while (survey_.stage != Stage::kNone && !stop_requested_.load(std::memory_order_relaxed) &&
           clock_->MonotonicNs() < until_ns);
  return true;
}

bool SamplerCore::SurveyStep() {
  switch (survey_.stage) {
    case Stage::kNone:
      return CountPlaces();
    case Stage::kLooks:
      return survey_.next < survey_.places ? LookAt(survey_.next++) : SettlePlaces();
    case Stage::kTopology:
      return ReadTopology();
    case Stage::kAdoption:
      survey_.stage = Stage::kSubscriptions;
      survey_.next = 0;
      return mode_ == Mode::kStarting ? Serve() : Adopt(std::exchange(found_, {}));
    case Stage::kSubscriptions:
      break;
  }
  const size_t row = survey_.next++;
  if (row >= rows_in_use_) {
    survey_.stage = Stage::kNone;
    return true;
  }
  return !CanAsk(rows_[row]) || Ask(row, Task::kSubscribe);
}

bool SamplerCore::CountPlaces() {
  bell_->survey_wanted.store(false, std::memory_order_relaxed);
  survey_due_ns_ = NextSurveyNs(clock_->MonotonicNs());
  std::shared_ptr<Source> source = source_;
  size_t places = 0;
  const uint64_t word = crew_.Enter(Crew::kLibrary, clock_->MonotonicNs());
  const Status counted = source->Count(&places);
  source = nullptr;
  if (!crew_.Leave(word)) {
    LeaveLibraryCall();
    return false;
  }
  if (counted.ok()) {
    survey_ = {Stage::kLooks, std::min(places, looks_.size()), 0};
    return true;
  }
  if (mode_ == Mode::kStarting) return FailStart(counted);
  if (IsLibraryFailure(counted.code())) LoseDriver(counted.code(), counted.driver_return());
  return true;
}

// Nobody is left in a look at the place, or in a call about a device that is there.
bool SamplerCore::CanLookAt(size_t place) const {
  if (!IsLookFree(place)) return false;
  const auto in_a_call = [place](const DeviceRow& row) {
    return row.present && row.place == place && !row.IsFree();
  };
  return stuck_calls_ == 0 || std::ranges::none_of(rows_, in_a_call);
}

bool SamplerCore::IsLookFree(size_t place) const {
  return place >= looks_.size() || looks_[place] == nullptr || looks_[place]->IsFree();
}

bool SamplerCore::LookAt(size_t place) {
  if (!CanLookAt(place)) return true;
  if (looks_[place] == nullptr) looks_[place] = std::make_shared<LookCall>();
  const std::shared_ptr<LookCall> call = looks_[place];
  std::shared_ptr<Source> source = source_;
  call->start_ns = clock_->MonotonicNs();
  const auto where = static_cast<Crew::Place>(Crew::kLook + place);
  const uint64_t word = crew_.Enter(where, call->start_ns);
  call->answer = source->Look(place);
  source = nullptr;
  if (!crew_.Leave(word)) {
    call->Return();
    bell_->Ring();
    return false;
  }
  return AcceptLook(place);
}

bool SamplerCore::AcceptLook(size_t place) {
  const Status& answer = looks_[place]->answer;
  if (!IsLibraryFailure(answer.code())) return true;
  if (mode_ == Mode::kStarting) return FailStart(answer);
  LoseDriver(answer.code(), answer.driver_return());
  return true;
}

bool SamplerCore::SettlePlaces() {
  bool changed = false;
  const Status settled = source_->Settle(&changed);
  const bool starting = mode_ == Mode::kStarting;
  if (starting && !settled.ok()) return FailStart(settled);
  const bool missing = topology_missing_ && (topology_ == nullptr || topology_->IsFree());
  survey_ = {Stage::kSubscriptions, 0, 0};
  if (changed || missing || starting) {
    surveys_with_news_++;
    found_ = {source_->devices(), {}};
    survey_.stage = Stage::kTopology;
  }
  return true;
}

// While somebody is left behind in it, devices are adopted without.
bool SamplerCore::ReadTopology() {
  survey_.stage = Stage::kAdoption;
  topology_missing_ = true;
  if (topology_ != nullptr && !topology_->IsFree()) return true;
  const auto call = std::make_shared<TopologyCall>();
  call->survey = surveys_with_news_;
  call->devices = found_.devices;
  topology_ = call;
  std::shared_ptr<Source> source = source_;
  call->start_ns = clock_->MonotonicNs();
  const uint64_t word = crew_.Enter(Crew::kTopology, call->start_ns);
  call->cells = source->TopologyOf(call->devices);
  source = nullptr;
  if (!crew_.Leave(word)) {
    call->Return();
    bell_->Ring();
    return false;
  }
  topology_missing_ = false;
  found_.topology = std::move(call->cells);
  return true;
}

// It took its time. If devices changed meanwhile, the next survey asks again.
void SamplerCore::AcceptLateTopology() {
  if (topology_->survey != surveys_with_news_) return;
  const bool adopted = survey_.stage != Stage::kAdoption;
  if (adopted && mode_ != Mode::kServing) return;
  topology_missing_ = false;
  if (!adopted) {
    found_.topology = std::move(topology_->cells);
    return;
  }
  (void)Adopt({std::move(topology_->devices), std::move(topology_->cells)});
}

// True, as what may end the baton's time does.
bool SamplerCore::Adopt(const DeviceTable::Found& found) {
  const bool first = serving_since_ns_ == 0;
  std::vector<DeviceChange> changes;
  std::shared_ptr<const DeviceList> list = table_.Update(found, &changes);
  std::array<int64_t, Source::kSlots> numbers;
  numbers.fill(kNoDevice);
  for (const DeviceEntry& entry : list->devices) {
    if (!entry.present) continue;
    AdoptRow(entry);
    if (entry.identity.slot >= numbers.size()) continue;
    numbers[entry.identity.slot] = static_cast<int64_t>(entry.number);
  }
  for (size_t slot = 0; slot < numbers.size(); slot++) listener_->SetDevice(slot, numbers[slot]);
  rows_in_use_.store(table_.rows_in_use(), std::memory_order_release);
  StoreHeader(kBlockRowsWord, table_.rows_in_use());
  const uint64_t generation = list->generation;
  {
    const std::lock_guard<std::mutex> lock(list_mutex_);
    list_ = std::move(list);
    identity_ = source_->identity();
    identity_.skipped_devices += table_.left_out();
  }
  AnnounceHeader(kBlockDevicesWord, generation);
  for (const DeviceChange& change : changes) {
    if (!first) NoteChange(change);
  }
  return true;
}

void SamplerCore::AdoptRow(const DeviceEntry& entry) {
  DeviceRow& row = rows_[entry.row];
  if (row.number != entry.number || row.book == nullptr) GiveRow(entry);
  row.place = entry.identity.index;
  if (row.slot != entry.identity.slot || row.call == nullptr) {
    if (!row.IsFree()) stuck_calls_--;
    row.Detach();
    row.slot = entry.identity.slot;
  }
  if (!std::exchange(row.present, true)) {
    row.busy_ns = clock_->MonotonicNs();
    for (WorkSchedule& work : row.works) work = WorkSchedule(entry.row);
  }
  // Without memory the device has no history, and all else.
  (void)store_.AddRow(entry.row, CurrentPace());
}

// Before the list says whose the row is now: nobody may read there what the device before it left.
void SamplerCore::GiveRow(const DeviceEntry& entry) {
  DeviceRow& row = rows_[entry.row];
  const bool used = row.book != nullptr;
  if (!row.IsFree()) stuck_calls_--;
  row.GiveTo(entry.number);
  row.book = std::make_unique<ReportBook>();
  if (used) Block().WriteRow(entry.row, row.published.words());
}

void SamplerCore::NoteChange(const DeviceChange& change) {
  DeviceRow& row = rows_[change.row];
  const bool gone =
      change.kind == EventKind::kDeviceLost || change.kind == EventKind::kDeviceRemoved;
  const bool said = change.kind == EventKind::kDeviceLost && row.lost;
  row.lost = gone;
  if (gone) {
    row.present = row.hung = false;
    WriteStatus(change.row, StatusCode::kDeviceLost);
  }
  if (change.kind == EventKind::kDeviceRemoved) store_.DropRow(change.row);
  if (!said) NoteEventOf(change.row, change.kind, 0);
}

}  // namespace gpuring
