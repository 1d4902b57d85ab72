#include "core/sampler_core.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/detached_thread.h"
#include "core/process_fence.h"

namespace gpuring {
namespace {

std::shared_ptr<EventDesk> MakeDesk(const std::shared_ptr<BlockMemory>& memory) {
  std::shared_ptr<EventLog> log = EventLog::Allocate();
  if (memory == nullptr || log == nullptr) return nullptr;
  return std::make_shared<EventDesk>(std::move(log), memory);
}

}  // namespace

SamplerCore::SamplerCore(std::shared_ptr<Clock> clock, const SamplerOptions& options)
    : options_(options),
      clock_(std::move(clock)),
      bell_(std::make_shared<PollBell>(clock_)),
      memory_(BlockMemory::Allocate(Sampler::kLayout)),
      desk_(MakeDesk(memory_)),
      listener_(std::make_shared<EventListener>(desk_, clock_,
                                                [bell = bell_] {
                                                  bell->survey_wanted = true;
                                                  bell->Ring();
                                                })),
      store_({Sampler::kRows, options.memory_limit_bytes}, options.index_maker, bell_),
      watchdog_timer_(clock_->MakeTimer()),
      period_ns_(std::max<int64_t>(options.period_ns, 1)),
      rows_(Sampler::kRows),
      list_(std::make_shared<DeviceList>()),
      end_(std::make_shared<SamplerEnd>(outcome_, memory_)),
      table_(Sampler::kRows),
      schedule_(0, period_ns()),
      looks_(Source::kSlots) {}

void SamplerCore::Run() {
  crew_.Joined();
  bell_->clock->EnterThread(&bell_->alarm);
  PrepareProcessFence();
  if (Status ready = Prepare(); !ready.ok()) {
    Finish(ready);
  } else {
    // Where the system has no thread for a helper, all else goes on without it.
    (void)StartDetachedThread([self = shared_from_this()] { self->Watchdog(); });
    if (StartAsleep()) BecomeRunning();
  }
  Poll();
}

// What is there before the source.
Status SamplerCore::Prepare() {
  if (desk_ == nullptr) return Status::Error(StatusCode::kOutOfRange, "no memory for the block");
  Block().Format();
  StoreHeader(kBlockPeriodWord, std::bit_cast<uint64_t>(NsToMs(period_ns())));
  return Status::Ok();
}

// Once it is known what the driver has, or that it is to be left alone.
void SamplerCore::BecomeRunning() {
  AnnounceHeader(kBlockStateWord, static_cast<uint64_t>(SamplerState::kRunning));
  outcome_->state.store(SamplerState::kRunning, std::memory_order_release);
  outcome_->opened.Set();
  (void)StartDetachedThread([listener = listener_] { listener->Run(); });
}

// The life of a polling thread from the moment that it has the baton.
void SamplerCore::Poll() {
  do {
    while (!finished_.load(std::memory_order_acquire) && Step()) {
    }
  } while (!finished_.load(std::memory_order_acquire) &&
           (crew_.ClaimVacant() || crew_.WaitAsSpare()));
  crew_.Left();
}

bool SamplerCore::Step() {
  if (stop_requested_.load(std::memory_order_acquire)) {
    Finish(Status::Ok());
    return false;
  }
  ServeRequests();
  if (finished_.load(std::memory_order_relaxed)) return false;
  switch (mode_.load()) {
    case Mode::kAway:
      return ServeAway();
    case Mode::kStarting:
      return Survey(INT64_MAX);
    case Mode::kServing:
      return ServeRound();
    case Mode::kSuspended:
      return ServeSuspended();
    case Mode::kReleased:
      return ServeReleased();
  }
  return false;
}

void SamplerCore::ServeRequests() {
  AcceptReturned();
  if (finished_.load(std::memory_order_relaxed)) return;
  MarkHung();
  ServeSuspension();
  store_.Serve(CurrentPace());
  const int64_t period = period_ns();
  if (period == schedule_.period_ns()) return;
  schedule_.SetPeriod(period, clock_->MonotonicNs());
  AnnounceHeader(kBlockPeriodWord, std::bit_cast<uint64_t>(NsToMs(period)));
}

// Sooner, where a call that hangs has to be called so.
void SamplerCore::Wait(int64_t deadline_ns) {
  for (size_t row = 0; stuck_calls_ > 0 && row < rows_in_use_; row++) {
    const int64_t since_ns = StuckSinceNs(rows_[row]);
    if (since_ns == INT64_MAX || rows_[row].IsSaidHung()) continue;
    deadline_ns = std::min(deadline_ns, since_ns + options_.hang_timeout_ns);
  }
  watchdog_timer_->PutOff(TakeoverAfterNs(deadline_ns));
  crew_.Rest(deadline_ns);
  const bool reached = clock_->WaitUntil(deadline_ns, &bell_->alarm);
  crew_.GetUp();
  if (!reached) watchdog_timer_->Wake();
}

void SamplerCore::Finish(const Status& status) {
  finished_.store(true, std::memory_order_release);
  crew_.SendSparesHome();
  outcome_->status = status;
  listener_->RequestStop();
  source_ = nullptr;
  dormant_ = nullptr;
  store_.Close();
  watchdog_timer_->Wake();
  end_ = nullptr;  // the end shows once no other thread has a source
}

Pace SamplerCore::CurrentPace() const {
  Pace pace = {period_ns(), options_.tier_periods_ns};
  for (int64_t& tier : pace.tier_periods_ns) tier = std::max(tier, pace.period_ns);
  return pace;
}

PublishedBlock<StdAtomics> SamplerCore::Block() const {
  return {memory_->cells(), Sampler::kLayout};
}

void SamplerCore::AnnounceHeader(size_t word, uint64_t value) {
  StoreHeader(word, value);
  Block().NoteChange();
}

void SamplerCore::NoteEvent(EventKind kind, uint64_t code, int64_t device) {
  EventRecord event;
  event.monotonic_ns = clock_->MonotonicNs();
  event.wall_us = clock_->WallUs();
  event.kind = static_cast<uint64_t>(kind);
  event.device = device;
  event.code = code;
  desk_->Note(event);
}

void SamplerCore::NoteEventOf(size_t row, EventKind kind, uint64_t code) {
  NoteEvent(kind, code, static_cast<int64_t>(rows_[row].number));
}

void SamplerCore::WriteStatus(size_t row, StatusCode code) {
  rows_[row].published.SetStatus(code);
  Block().WriteRow(row, rows_[row].published.words());
  Block().NoteChange();
}

std::shared_ptr<const DeviceList> SamplerCore::devices() const {
  const std::lock_guard<std::mutex> lock(list_mutex_);
  return list_;
}

SourceIdentity SamplerCore::identity() const {
  const std::lock_guard<std::mutex> lock(list_mutex_);
  return identity_;
}

void SamplerCore::Watch(std::span<const size_t> rows) {
  for (const size_t row : rows) {
    if (!HasRow(row)) continue;
    if (rows_[row].watchers.fetch_add(1, std::memory_order_relaxed) == 0) {
      rows_[row].newly_watched.store(true, std::memory_order_relaxed);
    }
  }
  // Release: the thread that takes the request sees the rows it is about.
  watch_requested_.store(true, std::memory_order_release);
  bell_->Ring();
}

void SamplerCore::Unwatch(std::span<const size_t> rows) {
  for (const size_t row : rows) {
    if (row >= rows_.size()) continue;
    uint32_t count = rows_[row].watchers.load(std::memory_order_relaxed);
    while (count > 0 && !rows_[row].watchers.compare_exchange_weak(count, count - 1,
                                                                   std::memory_order_relaxed)) {
    }
  }
}

void SamplerCore::SetPeriodNs(int64_t period_ns) {
  period_ns_.store(std::max<int64_t>(period_ns, 1), std::memory_order_relaxed);
  bell_->Ring();
}

void SamplerCore::ChangeSuspensions(int change) {
  suspensions_.fetch_add(change, std::memory_order_relaxed);
  bell_->Ring();
}

void SamplerCore::RequestStop() {
  stop_requested_.store(true, std::memory_order_release);
  bell_->Ring();
  watchdog_timer_->Wake();
}

}  // namespace gpuring
