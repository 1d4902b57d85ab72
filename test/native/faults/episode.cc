#include "episode.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <memory>
#include <thread>

#include "core/manual_clock.h"
#include "nvml/source.h"

namespace gpuring::faults {
namespace {

// A plain board, one that is split, two that are linked, an old one, one with the system's memory.
constexpr const char* kScenario = R"({"name":"fault sweep","seed":7,"step":"manual","devices":[
  {"board":"h100","load":{"shape":"sine","periodSeconds":12,"minPercent":20,"maxPercent":90},
   "processes":[{"pid":101,"memoryMiB":900,"kind":"compute","smPercent":30},
                {"pid":102,"memoryMiB":70,"kind":"graphics","smPercent":2}]},
  {"board":"h100","mig":["1g.10gb","3g.40gb"],
   "load":{"shape":"sine","periodSeconds":10,"minPercent":30,"maxPercent":80},
   "processes":[{"pid":201,"memoryMiB":500,"kind":"compute","gpuInstanceId":1,
                 "computeInstanceId":0}]},
  {"board":"k40m","load":{"shape":"sine","periodSeconds":14,"minPercent":10,"maxPercent":90},
   "processes":[{"pid":401,"memoryMiB":200,"kind":"compute","smPercent":20}]},
  {"board":"rtx3090","count":2,
   "load":{"shape":"sine","periodSeconds":9,"minPercent":10,"maxPercent":70},
   "processes":[{"pid":301,"memoryMiB":300,"kind":"mps","smPercent":12}]},
  {"board":"gb10","load":{"shape":"sine","periodSeconds":8,"minPercent":10,"maxPercent":50}}]})";

constexpr int64_t kPatienceNs = 10'000'000'000;
constexpr const char* kStepRows = "5";  // of 100 ms: a round
constexpr uint64_t kHistory = 64;
constexpr uint64_t kPostedXid = 31;
constexpr int kReturnTries = 100;
constexpr int kLeastReturnTries =
    12;  // the simulated driver looks each 50 ms whether it may return
constexpr int kLettingGoTries = 50;

SamplerOptions OptionsFor(const std::string& path) {
  SamplerOptions options;
  const NvmlOptions nvml = {.library_path = path, .scenario = ""};
  options.make_source = [nvml] { return std::make_unique<NvmlSource>(nvml); };
  options.period_ns = kRoundNs;
  options.history_samples = kHistory;
  options.tier_periods_ns = {0, kRoundNs, kRoundNs};
  return options;
}

void Sleep(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

class Episode {
 public:
  Episode(const Lab& lab, const Plan& plan, Record* record)
      : lab_(lab), plan_(plan), record_(*record) {}

  void Run(const IsWell& is_well);

 private:
  [[nodiscard]] bool Lingers() const;
  void Begin();
  void Open();
  void End();
  void Turning();
  void LetGo();
  void TakeBack();
  void Clear();
  void Round();
  // Waits for the threads, unless one of them may hang.
  void Settle();
  void WatchAll();
  void Collect();
  void CollectRow(const DeviceEntry& entry);
  [[nodiscard]] bool AnyHung() const;
  [[nodiscard]] bool HasLetGo() const;
  [[nodiscard]] StatusCode StatusOf(size_t row) const;
  void Reopen();
  void AwaitEvent();
  void Complain(const std::string& what) { record_.complaints.push_back(what); }

  const Lab& lab_;
  const Plan& plan_;
  Record& record_;
  std::shared_ptr<ManualClock> clock_;
  std::shared_ptr<Sampler> sampler_;
  std::vector<bool> watched_ = std::vector<bool>(Sampler::kRows);
  int round_ = 0;
  bool running_ = false;
  bool may_hang_ = false;
};

void Episode::Run(const IsWell& is_well) {
  Begin();
  Open();
  while (round_ < kCleared) {
    Turning();
    Round();
  }
  for (int more = 0; Lingers() && more < kMostHangRounds; more++) Round();
  record_.cleared = round_;
  if (plan_.hang == Hang::kForEver) return End();
  Clear();
  const int last = plan_.last_round + round_ - kCleared;
  for (bool well = false; !well && round_ < last;) {
    Round();
    well = is_well(record_, round_) && round_ > record_.cleared + 1;
  }
  if (plan_.script.reopens_at_end) Reopen();
  if (plan_.script.posts_event) AwaitEvent();
  End();
}

// A call that is to hang does not yet, or is not said to.
bool Episode::Lingers() const {
  if (plan_.hang == Hang::kNone) return false;
  return (plan_.polled && !record_.hung) || NumberIn(lab_.Command("faults"), "struck") < 1;
}

void Episode::Begin() {
  lab_.Command("inject", "[]");
  lab_.Command("load", kScenario);
  lab_.Init();
  lab_.Command("misuse", "reset");
  lab_.Command("inject", plan_.faults);
  may_hang_ = plan_.hang != Hang::kNone;
}

// A new sampler where the first one failed: that one has ended.
void Episode::Open() {
  clock_ = std::make_shared<ManualClock>(kBeginNs + round_ * kRoundNs);
  record_.rows.clear();
  sampler_ = Sampler::Start(clock_, OptionsFor(lab_.path()));
  const bool opened = sampler_->WaitOpened(may_hang_ ? 100'000'000 : kPatienceNs);
  running_ = opened && sampler_->state() == SamplerState::kRunning;
  if (round_ == 0) {
    record_.opened_in_time = opened;
    record_.opened = opened ? sampler_->status().code() : StatusCode::kOk;
    record_.open_return = opened ? sampler_->status().driver_return() : 0;
  }
  if (!opened && !may_hang_) Complain("did not open in time");
  if (!running_) return;
  Settle();
  Collect();
}

void Episode::Settle() {
  if (!may_hang_) {
    clock_->AwaitWaiter();
    return;
  }
  Sleep(3);
}

// Time, too, stands still where no sampler runs.
void Episode::Round() {
  round_++;
  record_.last_round = round_;
  std::string refusal;  // a driver that cannot be initialised has no time
  if (!lab_.Try("step", kStepRows, &refusal) && !plan_.lacks_function) Complain(refusal);
  clock_->Advance(kRoundNs);
  if (!running_) {
    if (plan_.hang == Hang::kNone) return;
    // A hang while opening.
    running_ = sampler_->WaitOpened(5'000'000) && sampler_->state() == SamplerState::kRunning;
    if (!running_) record_.hung = true;
    if (!running_) return;
  }
  Settle();
  Collect();
  if (plan_.script.real_time) Sleep(105);
}

void Episode::Turning() {
  const Turn turn = plan_.script.turn;
  const bool lets_go = turn == Turn::kReopen || turn == Turn::kReopenTwice;
  if (round_ == kTurn / 2 && turn == Turn::kReopenTwice) LetGo();
  if (round_ == kTurn / 2 + 1 && turn == Turn::kReopenTwice) TakeBack();
  if (round_ == kTurn) record_.faults_at_turn = lab_.Command("faults");
  if (round_ == kTurn && lets_go) LetGo();
  if (round_ == kTurn + 2 && lets_go) TakeBack();
  if (turn != Turn::kLose) return;
  for (const char* device : {"0", "1"}) {
    if (round_ == kTurn) lab_.Command("devices", std::string("{\"lose\":") + device + "}");
    if (round_ == kTurn + 2) lab_.Command("devices", std::string("{\"restore\":") + device + "}");
  }
}

void Episode::LetGo() {
  if (!running_) return;
  sampler_->Suspend();
  Settle();
  // Real time: the event thread has to come out of the driver, unless something hangs there.
  for (int tries = 0; tries < kLettingGoTries && !HasLetGo(); tries++) Sleep(10);
}

void Episode::TakeBack() {
  if (!running_) return;
  sampler_->Resume();
  Settle();
}

void Episode::Clear() {
  record_.faults = lab_.Command("faults");
  if (running_) record_.source = sampler_->identity();
  if (running_ && AnyHung()) record_.hung = true;
  lab_.Command("inject", "[]");
  if (plan_.hang == Hang::kReturns) {
    if (!sampler_->WaitOpened(kPatienceNs)) Complain("does not open after a hang");
    running_ = sampler_->state() == SamplerState::kRunning;
    // Real time, until the call is back and whoever was in it has said so.
    for (int tries = 0; tries < kReturnTries && (tries < kLeastReturnTries || AnyHung()); tries++)
      Sleep(10);
    may_hang_ = false;
    if (running_) Settle();
  }
  if (!running_) {
    sampler_->RequestStop();
    if (!sampler_->WaitStopped(kPatienceNs)) Complain("a failed sampler does not end");
    Open();
    if (!running_ && !plan_.lacks_function) Complain("does not open when the fault is gone");
  }
}

void Episode::Reopen() {
  if (!running_) return;
  record_.reopened = true;
  LetGo();
  Round();
  TakeBack();
  Round();
  Round();
}

// Real time: the event thread waits in the driver.
void Episode::AwaitEvent() {
  if (!running_) return;
  lab_.Command("event", "{\"type\":\"xid\",\"data\":31,\"device\":" +
                            std::to_string(plan_.event_device) + "}");
  for (int tries = 0; tries < 300 && !record_.event_delivered; tries++) {
    clock_->Advance(EventListener::kTogetherNs / 4);
    Sleep(10);
    std::vector<EventRecord> events(EventLog::kCapacity);
    events.resize(sampler_->events().Read(1, events).count);
    record_.event_delivered = std::ranges::any_of(events, [](const EventRecord& event) {
      return event.kind == static_cast<uint64_t>(EventKind::kXid) && event.code == kPostedXid;
    });
  }
}

void Episode::End() {
  if (running_) {
    record_.events.resize(EventLog::kCapacity);
    record_.events.resize(sampler_->events().Read(1, record_.events).count);
  }
  sampler_->RequestStop();
  if (plan_.hang == Hang::kForEver) {
    record_.hung = record_.hung || !sampler_->WaitStopped(20'000'000) || AnyHung();
    record_.faults = lab_.Command("faults");
    lab_.Command("inject", "[]");
  }
  record_.ended = sampler_->WaitStopped(kPatienceNs);
  lab_.Shutdown();
  record_.misuse = lab_.Command("misuse");
  const std::string calls = lab_.Command("calls");
  for (size_t at = calls.find("\"nvml"); at != std::string::npos;
       at = calls.find("\"nvml", at + 1)) {
    const size_t end = calls.find('"', at + 1);
    record_.calls[calls.substr(at + 1, end - at - 1)] =
        std::strtol(calls.c_str() + end + 2, nullptr, 10);
  }
}

StatusCode Episode::StatusOf(size_t row) const {
  const auto* const cells = sampler_->block()->cells();
  const size_t stride = cells[kBlockRowStrideWord].Load(Order::kAcquire);
  const size_t word = kBlockHeaderWords + row * stride + kRowStatusWord;
  return static_cast<StatusCode>(cells[word].Load(Order::kAcquire));
}

bool Episode::HasLetGo() const {
  if (!may_hang_) return NumberIn(lab_.Command("misuse"), "openInits") <= Lab::kInits;
  const uint64_t word = sampler_->block()->cells()[kBlockDriverWord].Load(Order::kAcquire);
  return word == static_cast<uint64_t>(DriverState::kSuspended);
}

bool Episode::AnyHung() const {
  for (const auto& [uuid, one] : record_.rows) {
    if (StatusOf(one.row) == StatusCode::kDeviceHung) return true;
  }
  return false;
}

void Episode::WatchAll() {
  std::vector<size_t> rows;
  for (size_t row = 0; row < Sampler::kRows && sampler_->HasRow(row); row++) {
    if (watched_[row]) continue;
    watched_[row] = true;
    rows.push_back(row);
  }
  if (rows.empty()) return;
  sampler_->Watch(rows);
  Settle();
}

void Episode::Collect() {
  WatchAll();
  const std::shared_ptr<const DeviceList> list = sampler_->devices();
  record_.lists[round_] = list;
  for (const DeviceEntry& entry : list->devices) CollectRow(entry);
  if (AnyHung()) record_.hung = true;
}

void Episode::CollectRow(const DeviceEntry& entry) {
  RowRecord& one = record_.rows[entry.identity.uuid];
  one.row = entry.row;
  one.identities[round_] = entry.identity;
  one.statuses[round_] = StatusOf(entry.row);
  for (size_t tier = 0; tier < kTierCount; tier++) {
    std::vector<Sample>& known = one.samples[tier];
    std::array<Sample, 8> fresh;
    HistoryRead read;
    const uint64_t from = known.empty() ? 1 : known.back().sequence + 1;
    sampler_->ReadHistory({entry.row, static_cast<Tier>(tier), from}, fresh, &read);
    known.insert(known.end(), fresh.begin(), fresh.begin() + static_cast<long>(read.count));
  }
  for (size_t series = 0; series < kSeriesCount; series++) {
    std::array<SeriesRecord, 256> fresh;
    RingRead read;
    sampler_->ReadSeries({entry.row, series, one.next_record[series]}, fresh, &read);
    one.next_record[series] = read.next;
    one.series[series].insert(one.series[series].end(), fresh.begin(),
                              fresh.begin() + static_cast<long>(read.count));
  }
  DeviceDetail detail;
  if (!sampler_->ReadDetail(entry.row, &detail)) return;
  if (one.details.empty() || one.details.back().start_ns != detail.start_ns) {
    one.details.push_back(detail);
  }
}

}  // namespace

int RoundOf(int64_t start_ns) {
  const int64_t since = start_ns - kBeginNs;
  return since >= 0 && since % kRoundNs == 0 ? static_cast<int>(since / kRoundNs) : -1;
}

Record RunEpisode(const Lab& lab, const Plan& plan, const IsWell& is_well) {
  Record record;
  Episode(lab, plan, &record).Run(is_well);
  return record;
}

}  // namespace gpuring::faults
