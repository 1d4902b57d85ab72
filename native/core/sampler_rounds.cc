// Rounds: who is asked when, and what comes of the answers.
#include <algorithm>
#include <bit>
#include <utility>

#include "core/sampler_core.h"

namespace gpuring {
namespace {

constexpr int64_t kLeastDrainPeriodNs = 250'000'000;
// The driver's buffers refill; this bounds a drain whatever they answer.
constexpr int kMostDrains = 8;
constexpr int64_t kLeastDryNs = 2'000'000'000;
// Power readings further apart say nothing about the time between them.
constexpr int64_t kEnergyGapPeriods = 3;
// In an index, a value stands for this long after it was read, where no other follows.
constexpr int64_t kHoldPeriods = 3;

uint64_t MsWord(int64_t ns) { return std::bit_cast<uint64_t>(NsToMs(ns)); }

int64_t WorkPeriodNs(Task task, const Pace& pace) {
  if (task == Task::kDrain) return std::max(pace.period_ns, kLeastDrainPeriodNs);
  return pace.tier_periods_ns[task == Task::kMedium ? 1 : 2];
}

int64_t DryNs(int64_t period_ns) { return std::max(kLeastDryNs, 3 * period_ns); }

}  // namespace

bool SamplerCore::ServeRound() {
  if (round_.phase == Phase::kReadings) return DoReadings();
  if (round_.phase == Phase::kWorks) return DoWorks();
  if (watch_requested_.exchange(false, std::memory_order_acquire)) {
    BeginRound(Pass::kNewlyWatchedRows);
  } else if (clock_->MonotonicNs() >= schedule_.next_ns()) {
    BeginRound(Pass::kEveryWatchedRow);
  } else if (SurveyWanted()) {
    return Survey(schedule_.next_ns());
  } else {
    Wait(schedule_.next_ns());
  }
  return true;
}

void SamplerCore::BeginRound(Pass pass) {
  round_ = {Phase::kReadings, pass, 0, clock_->MonotonicNs(), 0, 0};
  StoreHeader(kBlockRoundStartWord, MsWord(round_.start_ns));
}

bool SamplerCore::DoReadings() {
  while (round_.phase == Phase::kReadings && round_.next_row < rows_in_use_) {
    if (stop_requested_.load(std::memory_order_relaxed)) return true;
    const size_t row = round_.next_row++;
    if (TakeDue(&rows_[row]) && !Ask(row, Task::kFast)) return false;
  }
  if (round_.phase != Phase::kReadings) return true;  // the driver went meanwhile
  round_.phase = Phase::kWorks;
  if (round_.pass == Pass::kNewlyWatchedRows) return true;  // no round, only the beginning of one
  StoreHeader(kBlockRoundsWord, ++rounds_);
  GoAwayWhenAllUnknown();
  return true;
}

bool SamplerCore::CanAsk(const DeviceRow& row) const {
  return row.present && row.call != nullptr && row.IsFree() && IsLookFree(row.place);
}

bool SamplerCore::TakeDue(DeviceRow* row) const {
  if (!CanAsk(*row) || !row->IsWatched()) return false;
  const bool newly = row->newly_watched.exchange(false, std::memory_order_relaxed);
  return newly || round_.pass == Pass::kEveryWatchedRow;
}

// After the readings of all devices, so that it delays none of them: the survey if it is due, then
// works, both until the next deadline, and at least one of those that are due.
bool SamplerCore::DoWorks() {
  const bool regular = round_.pass == Pass::kEveryWatchedRow;
  const int64_t next_ns = schedule_.next_ns() + (regular ? schedule_.period_ns() : 0);
  const bool survey = SurveyWanted() || round_.start_ns >= survey_due_ns_;
  if (survey && !Survey(next_ns)) return false;
  bool worked = false;
  int64_t now_ns = clock_->MonotonicNs();
  for (size_t left = rows_in_use_ * kWorks.size(); left > 0; left--) {
    if (mode_ != Mode::kServing || stop_requested_) return true;
    if (worked && now_ns >= next_ns) break;
    // On before the work is done: whoever goes on after it begins with the next one.
    const size_t row = work_next_ / kWorks.size() % rows_in_use_;
    const size_t work = work_next_ % kWorks.size();
    work_next_ = row * kWorks.size() + work + 1;
    if (!IsDue(rows_[row], work, now_ns)) continue;
    worked = true;
    if (!DoWork(row, work)) return false;
    now_ns = clock_->MonotonicNs();
  }
  EndRound();
  return true;
}

bool SamplerCore::IsDue(const DeviceRow& row, size_t work, int64_t now_ns) const {
  return CanAsk(row) && row.IsWatched() && !row.lost && row.works[work].IsDue(now_ns);
}

bool SamplerCore::DoWork(size_t row, size_t work) {
  const Task task = kWorks[work];
  rows_[row].works[work].Begun(clock_->MonotonicNs(), WorkPeriodNs(task, CurrentPace()));
  return task == Task::kDrain ? Drain(row) : Ask(row, task);
}

bool SamplerCore::Drain(size_t row) {
  for (size_t series = 0; series < kSeriesCount; series++) {
    for (int times = 0; times < kMostDrains; times++) {
      if (mode_ != Mode::kServing || rows_[row].lost) return true;
      if (!rows_[row].series[series].supported()) break;
      if (!AskSeries(row, series)) return false;
      if (rows_[row].call->count < kDrainPoints) break;
    }
  }
  return true;
}

void SamplerCore::EndRound() {
  round_.phase = Phase::kNone;
  if (round_.pass == Pass::kNewlyWatchedRows) return;
  const int64_t now_ns = clock_->MonotonicNs();
  AnnounceHeader(kBlockRoundLengthWord,
                 MsWord(std::max(now_ns - round_.start_ns, LongestCallNs())));
  schedule_.RoundEnded(now_ns);
  StoreHeader(kBlockMissedDeadlinesWord, schedule_.missed());
  ReleaseWhenIdle();
}

// A device that takes longer than a round is none the staler for being left to itself.
int64_t SamplerCore::LongestCallNs() const {
  int64_t longest_ns = 0;
  for (size_t row = 0; row < rows_in_use_; row++) {
    const DeviceRow& one = rows_[row];
    if (one.present && one.IsWatched()) longest_ns = std::max(longest_ns, one.reading_ns);
  }
  return longest_ns;
}

bool SamplerCore::Ask(size_t row, Task task) {
  rows_[row].call->task = task;
  return MakeCall(row);
}

bool SamplerCore::AskSeries(size_t row, size_t series) {
  DeviceRow& one = rows_[row];
  one.call->task = Task::kDrain;
  one.call->series = series;
  one.call->count = 0;
  one.call->after_us =
      one.series[series].AskAfterUs(clock_->MonotonicNs(), DryNs(schedule_.period_ns()));
  return MakeCall(row);
}

// REQUIRES: nobody is in a call about the row; the call says what for. What the thread needs after
// the call, should the baton be gone, it has a share of.
bool SamplerCore::MakeCall(size_t row) {
  const std::shared_ptr<RowCall> call = rows_[row].call;
  std::shared_ptr<Source> source = source_;
  call->slot = rows_[row].slot;
  call->sample = Sample{};
  call->sample.start_ns = call->start_ns = clock_->MonotonicNs();
  call->sample.wall_us = clock_->WallUs();
  if (call->task == Task::kDetail) call->detail = DeviceDetail{};
  const auto place = static_cast<Crew::Place>(Crew::kRow + row);
  const uint64_t word = crew_.Enter(place, call->start_ns);
  call->Make(source.get());
  call->sample.end_ns = clock_->MonotonicNs();
  source = nullptr;
  if (!crew_.Leave(word)) {
    call->Return();
    bell_->Ring();
    return false;
  }
  Accept(row);
  return true;
}

// Calls that hung, or seemed to, and have come back.
void SamplerCore::AcceptReturned() {
  for (size_t row = 0; stuck_calls_ > 0 && row < rows_in_use_; row++) {
    RowCall* const call = rows_[row].call.get();
    if (call == nullptr || !call->HasReturned()) continue;
    call->Free();
    stuck_calls_--;
    if (mode_ == Mode::kServing && rows_[row].present) Accept(row);
  }
  for (size_t place = 0; stuck_calls_ > 0 && place < looks_.size(); place++) {
    if (looks_[place] == nullptr || !looks_[place]->HasReturned()) continue;
    looks_[place]->Free();
    stuck_calls_--;
    bell_->survey_wanted.store(true, std::memory_order_relaxed);
    for (size_t row = 0; row < rows_in_use_; row++) {
      if (rows_[row].place == place && CanAsk(rows_[row])) SayAnswered(row);
    }
    if (!AcceptLook(place)) return;
  }
  if (stuck_calls_ > 0 && topology_ != nullptr && topology_->HasReturned()) {
    topology_->Free();
    stuck_calls_--;
    AcceptLateTopology();
  }
}

void SamplerCore::Accept(size_t row) {
  DeviceRow& one = rows_[row];
  const RowCall& call = *one.call;
  SayAnswered(row);
  if (IsLibraryFailure(call.code)) return LoseDriver(call.code, call.driver_return);
  if (call.task == Task::kSubscribe) return;
  NotePresence(row);
  if (call.task == Task::kFast) return AcceptFast(row);
  if (call.code == StatusCode::kDeviceLost) return WriteStatus(row, call.code);
  if (call.task == Task::kDetail) return AcceptDetail(row);
  if (call.task == Task::kDrain) return AcceptSeries(row);
  AcceptTier(row, TierOf(call.task));
}

void SamplerCore::NotePresence(size_t row) {
  DeviceRow& one = rows_[row];
  if (one.call->code == StatusCode::kDeviceLost) {
    if (one.lost) return;
    one.lost = true;
    NoteEventOf(row, EventKind::kDeviceLost, one.call->driver_return);
    bell_->survey_wanted.store(true, std::memory_order_relaxed);
  } else if (one.call->answered && one.lost) {
    one.lost = false;
    for (WorkSchedule& work : one.works) work.MakeDue();
    NoteEventOf(row, EventKind::kDeviceReturned, one.energy.WasReset(one.call->sample) ? 1 : 0);
  }
  if (one.call->answered) {
    failed_opens_ = 0;
    unknown_rounds_ = 0;
  }
}

void SamplerCore::AcceptFast(size_t row) {
  DeviceRow& one = rows_[row];
  RowCall& call = *one.call;
  Sample& sample = call.sample;
  round_.asked++;
  const int64_t took_ns = sample.end_ns - sample.start_ns;
  one.reading_ns = took_ns < options_.hang_timeout_ns ? took_ns : 0;
  if (call.code == StatusCode::kDriverError && !call.answered) round_.unknown++;
  const int64_t period = schedule_.period_ns();
  one.energy.Apply(kEnergyGapPeriods * period, &sample);
  AcceptTier(row, Tier::kFast);
  if (call.answered) {
    RowRings* const rings = store_.rings(row);
    for (size_t at = 0; at < kSeriesCount; at++) {
      SeriesLog* const log = rings == nullptr ? nullptr : rings->series[at].get();
      one.series[at].AcceptPolled(sample, DryNs(period), log);
    }
    one.published.SetSample(sample);
  }
  const bool idle = sample.Knows(MetricId::kComputeUtilizationPercent) &&
                    sample.ValueOf(MetricId::kComputeUtilizationPercent) == 0 && one.processes <= 0;
  if (!idle && call.code != StatusCode::kDeviceAsleep) one.busy_ns = sample.start_ns;
  const bool silent = call.code == StatusCode::kOk && !call.answered;
  WriteStatus(row, silent ? StatusCode::kTryAgain : call.code);
}

// Into the history and its index first: who sees the block's sequence finds it there.
void SamplerCore::AcceptTier(size_t row, Tier tier) {
  DeviceRow& one = rows_[row];
  Sample& sample = one.call->sample;
  if (RowRings* const rings = store_.rings(row); rings != nullptr && one.call->answered) {
    const int64_t period_ns = CurrentPace().tier_periods_ns[static_cast<size_t>(tier)];
    rings->Append(tier, kHoldPeriods * period_ns, &sample);
  }
  if (one.call->code == StatusCode::kDeviceLost) return;
  one.book->Note(sample, tier);
  if (RowBoard* const board = store_.board(row); board != nullptr) {
    board->WriteReports(tier, one.book->reports());
  }
}

void SamplerCore::AcceptDetail(size_t row) {
  DeviceRow& one = rows_[row];
  RowCall& call = *one.call;
  if (call.code != StatusCode::kOk) return;
  call.detail.start_ns = call.sample.start_ns;
  call.detail.wall_us = call.sample.wall_us;
  one.processes = call.detail.process_count;
  if (RowBoard* const board = store_.board(row); board != nullptr) board->WriteDetail(call.detail);
}

void SamplerCore::AcceptSeries(size_t row) {
  DeviceRow& one = rows_[row];
  const RowCall& call = *one.call;
  RowRings* const rings = store_.rings(row);
  SeriesLog* const log = rings == nullptr ? nullptr : rings->series[call.series].get();
  const std::span<const SeriesPoint> points = std::span(call.points).first(call.count);
  // After the call: nothing that was measured may lie in the future.
  const int64_t now_ns = clock_->MonotonicNs();
  const int64_t now_wall_us = clock_->WallUs();
  one.series[call.series].Accept(call.code, points, {now_ns, now_wall_us}, {log, one.book.get()});
}

// Since when a call about the device has not come back; INT64_MAX: there is none.
int64_t SamplerCore::StuckSinceNs(const DeviceRow& row) const {
  if (!row.present) return INT64_MAX;
  const int64_t call_ns = row.IsFree() ? INT64_MAX : row.call->start_ns;
  return IsLookFree(row.place) ? call_ns : std::min(call_ns, looks_[row.place]->start_ns);
}

void SamplerCore::MarkHung() {
  for (size_t row = 0; stuck_calls_ > 0 && row < rows_in_use_; row++) {
    const int64_t since_ns = StuckSinceNs(rows_[row]);
    if (since_ns == INT64_MAX || rows_[row].IsSaidHung()) continue;
    if (clock_->MonotonicNs() - since_ns >= options_.hang_timeout_ns) SayHung(row);
  }
}

void SamplerCore::SayHung(size_t row) {
  const bool said = std::exchange(rows_[row].hung, true);
  if (!said) NoteEventOf(row, EventKind::kDeviceHung, 0);
  WriteStatus(row, StatusCode::kDeviceHung);
}

// Nothing is known yet but that it does.
void SamplerCore::SayAnswered(size_t row) {
  if (!std::exchange(rows_[row].hung, false)) return;
  NoteEventOf(row, EventKind::kDeviceAnswered, 0);
  WriteStatus(row, StatusCode::kTryAgain);
}

}  // namespace gpuring
