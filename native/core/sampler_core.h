// What a sampler's threads and the handles on it share. Only sampler.cc uses it.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "core/crew.h"
#include "core/device_row.h"
#include "core/event_desk.h"
#include "core/event_listener.h"
#include "core/poll_bell.h"
#include "core/row_store.h"
#include "core/sampler.h"
#include "core/sampler_end.h"
#include "core/schedule.h"
#include "core/timer.h"

namespace gpuring {

// Each member says who may touch it. "Baton": the thread that has it (crew.h). A function that
// returns bool without saying more answers false when the baton is gone, or all is over: its caller
// touches nothing further and returns likewise.
//
// sampler_core.cc: life, requests. sampler_rounds.cc: rounds and what comes of answers.
// sampler_survey.cc: which devices there are. sampler_driver.cc: the source, opened, lost, let go
// of. sampler_watchdog.cc: the watchdog.
class SamplerCore : public std::enable_shared_from_this<SamplerCore> {
 public:
  SamplerCore(std::shared_ptr<Clock> clock, const SamplerOptions& options);

  // The first polling thread's whole life.
  void Run();
  // Baton, or where no thread could be started: lets go of everything.
  void Finish(const Status& status);

  // From any thread; the contracts are those of Sampler's members of the same names.
  [[nodiscard]] SamplerOutcome& outcome() { return *outcome_; }
  [[nodiscard]] std::shared_ptr<const DeviceList> devices() const;
  [[nodiscard]] SourceIdentity identity() const;
  [[nodiscard]] const std::shared_ptr<BlockMemory>& block() const { return memory_; }
  [[nodiscard]] const EventLog& events() const { return desk_->log(); }
  [[nodiscard]] const RowStore& store() const { return store_; }
  [[nodiscard]] const std::shared_ptr<IndexMaker>& index_maker() const {
    return options_.index_maker;
  }
  Status GrowHistory(uint64_t samples) { return store_.Grow(samples, CurrentPace()); }
  [[nodiscard]] bool HasRow(size_t row) const {
    return row < rows_in_use_.load(std::memory_order_acquire);
  }
  void Watch(std::span<const size_t> rows);
  void Unwatch(std::span<const size_t> rows);
  void SetPeriodNs(int64_t period_ns);
  [[nodiscard]] int64_t period_ns() const { return period_ns_.load(std::memory_order_relaxed); }
  void ChangeSuspensions(int change);
  void RequestStop();

 private:
  enum class Mode : uint8_t {
    kAway,      // the source is opened again and again until it is there
    kStarting,  // it is open, and its first survey is under way
    kServing,
    kSuspended,
    kReleased,
  };
  enum class Pass : uint8_t { kEveryWatchedRow, kNewlyWatchedRows };
  enum class Phase : uint8_t { kNone, kReadings, kWorks };
  // The round under way: who gets the baton goes on with it.
  struct Round {
    Phase phase = Phase::kNone;
    Pass pass = Pass::kEveryWatchedRow;
    size_t next_row = 0;
    int64_t start_ns = 0;
    size_t asked = 0;
    size_t unknown = 0;  // of those asked: the driver said "unknown error", and nothing else
  };
  enum class Stage : uint8_t { kNone, kLooks, kTopology, kAdoption, kSubscriptions };
  // The survey under way: likewise.
  struct SurveyProgress {
    Stage stage = Stage::kNone;
    size_t places = 0;
    size_t next = 0;  // the place, or the row
  };

  // sampler_core.cc
  [[nodiscard]] Status Prepare();
  void BecomeRunning();
  [[nodiscard]] bool IsRunning() const {
    return outcome_->state.load(std::memory_order_relaxed) == SamplerState::kRunning;
  }
  [[nodiscard]] uint64_t HistorySamples() const {
    return std::max<uint64_t>(options_.history_samples, 1);
  }
  void Poll();
  bool Step();
  void ServeRequests();
  void Wait(int64_t deadline_ns);
  [[nodiscard]] Pace CurrentPace() const;
  [[nodiscard]] PublishedBlock<StdAtomics> Block() const;
  void StoreHeader(size_t word, uint64_t value) { Block().StoreHeader(word, value); }
  // For what decisions depend on, as for rows.
  void AnnounceHeader(size_t word, uint64_t value);
  void NoteEvent(EventKind kind, uint64_t code, int64_t device = kNoDevice);
  void NoteEventOf(size_t row, EventKind kind, uint64_t code);
  void WriteStatus(size_t row, StatusCode code);

  // sampler_rounds.cc
  bool ServeRound();
  void BeginRound(Pass pass);
  bool DoReadings();
  bool DoWorks();
  [[nodiscard]] bool IsDue(const DeviceRow& row, size_t work, int64_t now_ns) const;
  bool DoWork(size_t row, size_t work);
  bool Drain(size_t row);
  void EndRound();
  [[nodiscard]] int64_t LongestCallNs() const;
  [[nodiscard]] bool TakeDue(DeviceRow* row) const;
  [[nodiscard]] bool CanAsk(const DeviceRow& row) const;
  bool Ask(size_t row, Task task);
  bool AskSeries(size_t row, size_t series);
  bool MakeCall(size_t row);
  void AcceptReturned();
  void Accept(size_t row);
  void AcceptFast(size_t row);
  void AcceptTier(size_t row, Tier tier);
  void AcceptDetail(size_t row);
  void AcceptSeries(size_t row);
  void NotePresence(size_t row);
  [[nodiscard]] int64_t StuckSinceNs(const DeviceRow& row) const;
  void MarkHung();
  void SayHung(size_t row);
  void SayAnswered(size_t row);

  // sampler_survey.cc
  [[nodiscard]] bool SurveyWanted() const;
  bool Survey(int64_t until_ns);
  bool SurveyStep();
  bool CountPlaces();
  [[nodiscard]] bool CanLookAt(size_t place) const;
  [[nodiscard]] bool IsLookFree(size_t place) const;
  bool LookAt(size_t place);
  bool AcceptLook(size_t place);
  bool SettlePlaces();
  bool ReadTopology();
  void AcceptLateTopology();
  bool Adopt(const DeviceTable::Found& found);
  void AdoptRow(const DeviceEntry& entry);
  void GiveRow(const DeviceEntry& entry);
  void NoteChange(const DeviceChange& change);
  [[nodiscard]] int64_t SurveyPeriodNs() const;
  [[nodiscard]] int64_t NextSurveyNs(int64_t now_ns) const;

  // sampler_driver.cc
  struct Opening {
    std::shared_ptr<Source> source;
    std::shared_ptr<Event> closed;
  };
  [[nodiscard]] Opening MakeSource();
  [[nodiscard]] bool StartAsleep();
  bool ServeAway();
  bool FailStart(const Status& status);
  bool Serve();
  bool ServeSuspended();
  bool ServeReleased();
  void LoseDriver(StatusCode code, uint32_t driver_return);
  void GoAway(int64_t after_ns);
  void GoAwayWhenAllUnknown();
  void ReleaseSource();
  void ReleaseWhenIdle();
  void SetDriverState(DriverState state);
  void SetAllStatus(StatusCode code);
  [[nodiscard]] bool SuspensionWanted() const;
  void ServeSuspension();
  [[nodiscard]] int64_t NextBackoffNs();

  // sampler_watchdog.cc
  void Watchdog();
  [[nodiscard]] int64_t Inspect();
  [[nodiscard]] int64_t TakeoverNs() const;
  [[nodiscard]] int64_t TakeoverAfterNs(int64_t start_ns) const;
  [[nodiscard]] int64_t PatienceNs(Crew::Place place) const;
  void TakeOver(Crew::Place place);
  void LeaveBehind(Crew::Place place);
  void LeaveLibraryCall();
  [[nodiscard]] bool Hire();

  const SamplerOptions options_;
  const std::shared_ptr<Clock> clock_;
  const std::shared_ptr<PollBell> bell_;
  const std::shared_ptr<SamplerOutcome> outcome_ = std::make_shared<SamplerOutcome>();
  const std::shared_ptr<BlockMemory> memory_;  // null: there was none
  const std::shared_ptr<EventDesk> desk_;      // likewise
  const std::shared_ptr<EventListener> listener_;
  RowStore store_;
  Crew crew_;
  const std::unique_ptr<Timer> watchdog_timer_;

  // Requests to the polling thread: set, then the bell is rung.
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> watch_requested_{false};
  std::atomic<int64_t> period_ns_;
  std::atomic<int> suspensions_{0};

  std::atomic<bool> finished_{false};
  std::atomic<int> library_hangs_{0};  // threads left behind in calls about no device
  std::vector<DeviceRow> rows_;        // the vector is fixed
  std::atomic<size_t> rows_in_use_{0};

  mutable std::mutex list_mutex_;
  std::shared_ptr<const DeviceList> list_;  // replaced with the baton, under the mutex
  SourceIdentity identity_;                 // likewise

  std::atomic<Mode> mode_{Mode::kAway};  // written with the baton, read by the watchdog without

  // Baton.
  std::shared_ptr<SamplerEnd> end_;
  std::shared_ptr<Source> source_;        // null unless kStarting or kServing
  std::shared_ptr<Event> source_closed_;  // of the latest source; null: there was none
  std::shared_ptr<Source> dormant_;       // not open: asked whether opening would wake a device
  DeviceTable table_;
  Schedule schedule_;
  Round round_;
  uint64_t rounds_ = 0;
  size_t work_next_ = 0;  // the next one to be looked at, in the order of rows
  int64_t survey_due_ns_ = 0;
  SurveyProgress survey_;
  DeviceTable::Found found_;  // by the survey under way
  uint64_t surveys_with_news_ = 0;
  std::vector<std::shared_ptr<LookCall>> looks_;  // by place; null: never looked at
  std::shared_ptr<TopologyCall> topology_;        // the latest
  bool topology_missing_ = false;
  size_t stuck_calls_ = 0;  // about rows, places and topology: not free
  int unknown_rounds_ = 0;
  bool driver_lost_ = false;  // said so
  bool suspension_said_ = false;
  int64_t reopen_ns_ = 0;
  size_t failed_opens_ = 0;
  int64_t serving_since_ns_ = 0;
  int64_t awake_since_ns_ = -1;  // while released: since when something keeps devices awake
};

}  // namespace gpuring
