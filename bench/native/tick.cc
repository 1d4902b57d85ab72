// What a round of the sampler takes while its code and data are warm, in turns with a bare loop
// that makes the same driver calls.
//   tick ROUNDS LIBRARY SCENARIO
// Prints one JSON object: driver calls a round, and what each round and each bare loop took, in ns.
//
// The sampler runs as it is shipped, on its own thread. Only its clock is in a hurry: instead of
// waiting for a deadline it moves on to it, so that one round follows the other; the bare loop runs
// in between, on the same thread. That rounds and bare loop make the same calls and read the same
// numbers is looked at first.
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>
#include <vector>

#include "aggregate/column_index.h"
#include "bare_calls.h"
#include "core/sampler.h"
#include "nvml/simulator_control.h"
#include "nvml/source.h"

namespace gpuring {
namespace {

constexpr int64_t kPeriodNs = 1'000'000;
constexpr int64_t kPatienceNs = 10'000'000'000;
constexpr int kCheckedRounds = 20;
constexpr int kWarmRounds = 2'000;

using Calls = std::map<std::string, uint64_t>;

// How often each function was called so far; as the simulated driver tells it: {"name":1,...}.
Calls CallsSoFar(const std::string& library) {
  std::string text;
  Calls calls;
  if (!ControlSimulator(library, {"calls", ""}, &text).ok()) return calls;
  for (size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at)) {
    const size_t end = text.find('"', at + 1);
    calls[text.substr(at + 1, end - at - 1)] = std::strtoull(&text[end + 2], nullptr, 10);
    at = end + 1;
  }
  return calls;
}

// Those about devices that were made between the two.
Calls CallsBetween(const Calls& before, const Calls& after) {
  Calls made;
  for (const auto& [name, count] : after) {
    const auto found = before.find(name);
    const uint64_t were = found == before.end() ? 0 : found->second;
    if (name.starts_with("nvmlDevice") && count > were) made[name] = count - were;
  }
  return made;
}

uint64_t Sum(const Calls& calls) {
  uint64_t sum = 0;
  for (const auto& [name, count] : calls) sum += count;
  return sum;
}

// What happens between two rounds, on the polling thread.
class Turns {
 public:
  Turns(std::string library, size_t rounds) : library_(std::move(library)), wanted_(rounds) {
    tick_ns_.reserve(rounds);
    bare_ns_.reserve(rounds);
  }

  bool Open() { return bare_.Open(library_.c_str()); }

  // False: all is measured.
  bool Between(int64_t tick_ns) {
    if (checked_ < kCheckedRounds) return Check(), true;
    if (warm_++ >= kWarmRounds) tick_ns_.push_back(tick_ns);
    const int64_t begun_ns = MonotonicNowNs();
    good_ &= bare_.ReadAll();
    if (warm_ > kWarmRounds) bare_ns_.push_back(MonotonicNowNs() - begun_ns);
    return tick_ns_.size() < wanted_;
  }

  [[nodiscard]] bool AreSame() const { return good_ && least_ == of_bare_; }
  [[nodiscard]] const BareCalls& bare() const { return bare_; }
  [[nodiscard]] const Calls& calls_of_round() const { return least_; }
  [[nodiscard]] const Calls& calls_of_bare() const { return of_bare_; }
  [[nodiscard]] const std::vector<int64_t>& tick_ns() const { return tick_ns_; }
  [[nodiscard]] const std::vector<int64_t>& bare_ns() const { return bare_ns_; }

 private:
  // A round with rarer work in it makes more calls than one without.
  void Check() {
    const Calls after = CallsSoFar(library_);
    const Calls made = CallsBetween(before_, after);
    if (checked_ > 0 && (least_.empty() || Sum(made) < Sum(least_))) least_ = made;
    good_ &= bare_.ReadAll();
    before_ = CallsSoFar(library_);
    of_bare_ = CallsBetween(after, before_);
    ++checked_;
  }

  const std::string library_;
  const size_t wanted_;
  BareCalls bare_;
  int checked_ = 0;
  int warm_ = 0;
  bool good_ = true;
  Calls before_;
  Calls least_;
  Calls of_bare_;
  std::vector<int64_t> tick_ns_;
  std::vector<int64_t> bare_ns_;
};

class HurriedClock final : public Clock {
 public:
  explicit HurriedClock(Turns* turns) : turns_(turns) {}

  [[nodiscard]] int64_t MonotonicNs() const override {
    return MonotonicNowNs() + skipped_ns_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] int64_t WallUs() const override { return real_.WallUs(); }
  void EnterThread(Event* alarm) override {
    Event* nobody = nullptr;
    poller_.compare_exchange_strong(nobody, alarm);  // the polling thread comes first
    real_.EnterThread(alarm);
  }
  [[nodiscard]] bool WaitUntil(int64_t deadline_ns, Event* alarm) override {
    const int64_t now_ns = MonotonicNowNs();
    const bool hurries = alarm == poller_ && hurries_ && !alarm->IsSet();
    if (!hurries) {
      if (alarm == poller_) begun_ns_ = 0;
      return real_.WaitUntil(deadline_ns - skipped_ns_, alarm);
    }
    if (begun_ns_ != 0) hurries_ = turns_->Between(now_ns - begun_ns_);
    const int64_t ahead_ns = deadline_ns - MonotonicNs();
    if (ahead_ns > 0) skipped_ns_ += ahead_ns;
    begun_ns_ = MonotonicNowNs();
    return true;
  }
  void Wake(Event* alarm) override { real_.Wake(alarm); }

  void Hurry() { hurries_ = true; }
  [[nodiscard]] bool IsInAHurry() const { return hurries_; }

 private:
  RealClock real_;
  Turns* const turns_;
  std::atomic<Event*> poller_{nullptr};
  std::atomic<bool> hurries_{false};
  std::atomic<int64_t> skipped_ns_{0};
  std::atomic<int64_t> begun_ns_{0};  // the polling thread's; 0: it waited
};

void Print(const char* name, const std::vector<int64_t>& all) {
  std::printf(",\"%s\":[", name);
  for (size_t at = 0; at < all.size(); ++at) {
    std::printf("%s%" PRId64, at == 0 ? "" : ",", all[at]);
  }
  std::printf("]");
}

template <class Condition>
bool Within(Condition condition) {
  const int64_t end_ns = MonotonicNowNs() + 6 * kPatienceNs;
  while (!condition()) {
    if (MonotonicNowNs() > end_ns) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// Whether the newest sample of the last device has the numbers that the bare loop read.
bool ReadTheSame(const Sampler& sampler, const Turns& turns) {
  const size_t row = sampler.devices()->devices.back().row;
  const uint64_t newest = turns.tick_ns().size();
  std::vector<Sample> room(1);
  HistoryRead read;
  sampler.ReadHistory({row, Tier::kFast, newest}, room, &read);
  const auto told = turns.bare().told();
  return read.count == 1 && room[0].ValueOf(MetricId::kComputeUtilizationPercent) == told[0] &&
         room[0].ValueOf(MetricId::kMemoryUsedBytes) == told[1] &&
         room[0].ValueOf(MetricId::kPowerWatts) == told[2] &&
         room[0].ValueOf(MetricId::kTemperatureCelsius) == told[3];
}

int Fail(const char* why) { return std::fprintf(stderr, "tick: %s\n", why), 1; }

int Measure(const NvmlOptions& driver, size_t rounds) {
  Turns turns(driver.library_path, rounds);
  const auto clock = std::make_shared<HurriedClock>(&turns);
  SamplerOptions options;
  options.period_ns = kPeriodNs;
  options.make_source = [driver] { return std::make_unique<NvmlSource>(driver); };
  options.index_maker = std::make_shared<ColumnIndexMaker>();
  const auto sampler = Sampler::Start(clock, options);
  if (!sampler->WaitOpened(kPatienceNs) || !sampler->status().ok()) return Fail("not opened");
  if (!turns.Open()) return Fail("the bare loop lacks a function");
  std::vector<size_t> rows;
  for (const DeviceEntry& entry : sampler->devices()->devices) rows.push_back(entry.row);
  sampler->Watch(rows);
  clock->Hurry();
  if (!Within([&] { return !clock->IsInAHurry(); })) return Fail("the rounds do not come");
  if (!turns.AreSame()) {
    for (const auto& calls : {turns.calls_of_round(), turns.calls_of_bare()}) {
      for (const auto& [name, count] : calls) {
        std::fprintf(stderr, "%s %" PRIu64 "\n", name.c_str(), count);
      }
    }
    return Fail("round and bare loop do not make the same calls");
  }
  if (!ReadTheSame(*sampler, turns)) return Fail("they do not read the same");
  std::printf("{\"devices\":%zu,\"calls\":%" PRIu64, rows.size(), Sum(turns.calls_of_bare()));
  Print("tickNs", turns.tick_ns());
  Print("bareNs", turns.bare_ns());
  std::printf("}\n");
  sampler->RequestStop();
  return sampler->WaitStopped(kPatienceNs) ? 0 : 1;
}

}  // namespace
}  // namespace gpuring

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: tick ROUNDS LIBRARY SCENARIO\n");
    return 2;
  }
  return gpuring::Measure({arguments[2], arguments[3]},
                          static_cast<size_t>(std::atoll(arguments[1])));
}
